import { once } from "node:events";
import { join } from "node:path";
import tls from "node:tls";
import type { Daemon } from "../../support/daemon.ts";
import { until } from "../../support/until.ts";

/** What a connection shows of itself. */
export interface RawOptions {
  /** Folder with the client's certificate; the daemon's by default. */
  readonly certs?: string;
  /** Name of the certificate's files, less their endings; null for none. */
  readonly certificate?: string | null;
  readonly maxVersion?: tls.SecureVersion;
}

/** A TLS connection on which a test says what it likes, byte by byte. */
export class RawConnection implements AsyncDisposable {
  /** What the server said, a character a byte. */
  received = "";
  /** Whether the connection is over, by whomever. */
  over = false;
  readonly #socket: tls.TLSSocket;
  readonly #closed: Promise<unknown>;

  private constructor(socket: tls.TLSSocket) {
    this.#socket = socket;
    this.#closed = once(socket, "close").catch(() => {}).finally(() => this.over = true);
    socket.on("error", () => {});
    socket.on("data", (chunk) => this.received += chunk.toString("latin1"));
  }

  /** Connects as alice, or with what the options say; resolves when the handshake is done or the connection over. */
  static async open(daemon: Pick<Daemon, "address" | "certs">, options: RawOptions = {}): Promise<RawConnection> {
    const { certs = daemon.certs, certificate = "client-alice", maxVersion } = options;
    const read = (file: string) => Deno.readTextFileSync(join(certs, file));
    const [host = "", port = ""] = daemon.address.split(":");
    const socket = tls.connect({
      host,
      port: Number(port),
      servername: "localhost",
      ca: Deno.readTextFileSync(join(daemon.certs, "ca.pem")),
      ...(certificate === null ? {} : { cert: read(`${certificate}.pem`), key: read(`${certificate}-key.pem`) }),
      ...(maxVersion === undefined ? {} : { maxVersion }),
    });
    const connection = new RawConnection(socket);
    await Promise.race([once(socket, "secureConnect").catch(() => {}), connection.#closed]);
    return connection;
  }

  /** Sends text or bytes; resolves when they are on their way, or the connection is over. */
  async send(data: string | Uint8Array): Promise<void> {
    if (this.over || this.#socket.write(data)) return;
    await Promise.race([once(this.#socket, "drain").catch(() => {}), this.#closed]);
  }

  /** Sends a request line and headers of one without a body; `close` makes the server end the connection after it. */
  async request(line: string, ...headers: readonly string[]): Promise<void> {
    await this.send(`${[`${line} HTTP/1.1`, "Host: localhost", ...headers].join("\r\n")}\r\n\r\n`);
  }

  /** Waits until the server has said this. */
  async said(text: string): Promise<void> {
    await until(`the server said "${text}"`, () => {
      if (this.received.includes(text)) return true;
      if (this.over) throw new Error(`The server ended the connection after "${this.received}"`);
    });
  }

  /** Everything that the server said until it ended the connection. */
  async ended(): Promise<string> {
    await this.#closed;
    return this.received;
  }

  /** Goes away without a word. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }
}
