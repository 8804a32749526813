import { once } from "node:events";
import { createCipheriv, createHmac } from "node:crypto";
import net from "node:net";
import { join } from "node:path";
import type { Daemon } from "../../support/daemon.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { until } from "../../support/until.ts";
import { bytesOf, concatenate } from "./bytes.ts";

const APPLICATION_DATA = 23, TLS_1_2 = 0x0303;
const FIRST = "GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** A TLS 1.3 session of alice's that was made properly, by openssl's client, and whose keys are known: it can go on in any way. */
export class TlsSession implements AsyncDisposable {
  /** What the daemon said, a character a byte. */
  received = "";
  /** Whether the daemon has ended the connection. */
  over = false;
  #secret: Uint8Array = new Uint8Array();
  #key: Uint8Array = new Uint8Array();
  #iv: Uint8Array = new Uint8Array();
  /** Records sent by this key (RFC 8446, 5.3). */
  #sequence = 0;
  #ours = false;
  readonly #stack: AsyncDisposableStack;
  readonly #upstream: net.Socket;
  readonly #closed: Promise<unknown>;

  private constructor(stack: AsyncDisposableStack, upstream: net.Socket) {
    this.#stack = stack;
    this.#upstream = upstream;
    this.#closed = once(upstream, "close").catch(() => {}).finally(() => this.over = true);
    upstream.on("error", () => {});
  }

  /** Shakes hands and has one request answered. */
  static async open(daemon: Pick<Daemon, "address" | "certs">): Promise<TlsSession> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await TemporaryFolder.create());
    const [host = "", port = ""] = daemon.address.split(":");
    const upstream = net.connect({ host, port: Number(port) });
    stack.defer(() => void upstream.destroy());
    await once(upstream, "connect");
    const session = new TlsSession(stack.move(), upstream);
    try {
      await session.#shakeHands(daemon.certs, join(folder.path, "keys"));
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A record as it goes over the wire, with the type and content that are inside of it (RFC 8446, 5.2). */
  seal(type: number, content: Uint8Array): Uint8Array {
    const nonce = Uint8Array.from(this.#iv);
    for (let place = 0, rest = this.#sequence++; place < 6; place++, rest = Math.floor(rest / 256)) {
      nonce[11 - place] = (nonce[11 - place] ?? 0) ^ (rest % 256);
    }
    const inner = concatenate(content, Uint8Array.of(type));
    const length = inner.length + 16;
    const header = Uint8Array.of(APPLICATION_DATA, TLS_1_2 >> 8, TLS_1_2 & 0xff, length >> 8, length & 0xff);
    const cipher = createCipheriv("aes-128-gcm", this.#key, nonce);
    cipher.setAAD(header);
    return concatenate(header, cipher.update(inner), cipher.final(), cipher.getAuthTag());
  }

  /** Goes on by the next key, as behind a KeyUpdate (RFC 8446, 7.2). */
  updateKey(): void {
    this.#use(expand(this.#secret, "traffic upd", 32));
  }

  /** Sends bytes, if it is not over; resolves when they are on their way or it is. */
  async send(bytes: Uint8Array): Promise<void> {
    this.#ours = true;
    if (this.over || this.#upstream.write(bytes)) return;
    await Promise.race([once(this.#upstream, "drain").catch(() => {}), this.#closed]);
  }

  /** Everything that the daemon said until it ended the connection. */
  async ended(): Promise<string> {
    await this.#closed;
    // What came last has still to go through openssl.
    await this.#stack.disposeAsync();
    return this.received;
  }

  /** Goes away without a word. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #shakeHands(certs: string, keys: string): Promise<void> {
    const server = net.createServer((socket) => {
      socket.on("data", (chunk) => void (!this.#ours && this.#upstream.write(new Uint8Array(chunk))));
      this.#upstream.on("data", (chunk) => void (socket.writable && socket.write(chunk)));
      this.#upstream.on("close", () => socket.end());
      socket.on("error", () => {}).on("close", () => this.#upstream.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#stack.defer(() => void server.close());
    const address = server.address();
    const port = address !== null && typeof address !== "string" ? address.port : 0;
    const client = new Deno.Command("openssl", {
      args: [
        ...["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", join(certs, "ca.pem"), "-quiet"],
        ...["-cert", join(certs, "client-alice.pem"), "-key", join(certs, "client-alice-key.pem")],
        ...["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256", "-keylogfile", keys],
      ],
      ...{ stdin: "piped", stdout: "piped", stderr: "null" },
    }).spawn();
    const reading = this.#read(client.stdout);
    const writer = client.stdin.getWriter();
    this.#stack.defer(async () => {
      this.#upstream.destroy();
      await reading;
      await writer.close().catch(() => {});
      await client.status;
    });
    await writer.write(bytesOf(FIRST));
    await until("openssl has its answer", () => this.received.includes("/first"));
    const secret = /^CLIENT_TRAFFIC_SECRET_0 \w+ (\w+)$/m.exec(await Deno.readTextFile(keys))?.[1] ?? "";
    this.#use(Uint8Array.fromHex(secret));
    // That of the request.
    this.#sequence = 1;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const decoder = new TextDecoder("latin1");
    for await (const chunk of stream) this.received += decoder.decode(chunk);
  }

  #use(secret: Uint8Array): void {
    this.#secret = secret;
    this.#key = expand(secret, "key", 16);
    this.#iv = expand(secret, "iv", 12);
    this.#sequence = 0;
  }
}

/** HKDF-Expand-Label with SHA-256, of at most 32 bytes and without a context (RFC 8446, 7.1). */
function expand(secret: Uint8Array, label: string, length: number): Uint8Array {
  const name = bytesOf(`tls13 ${label}`);
  const info = concatenate(Uint8Array.of(0, length, name.length), name, Uint8Array.of(0, 1));
  return new Uint8Array(createHmac("sha256", secret).update(info).digest()).subarray(0, length);
}
