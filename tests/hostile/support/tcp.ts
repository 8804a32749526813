import { once } from "node:events";
import net from "node:net";

/** A TCP connection below any TLS, on which a test says what it likes. */
export class TcpConnection implements AsyncDisposable {
  #received: Uint8Array[] = [];
  readonly #socket: net.Socket;
  readonly #closed: Promise<unknown>;
  /** Whether it is over, by whomever. */
  over = false;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#closed = once(socket, "close").catch(() => {}).finally(() => this.over = true);
    socket.on("error", () => {});
    socket.on("data", (chunk) => this.#received.push(new Uint8Array(chunk)));
  }

  /** Connects to HOST:PORT. */
  static async open(address: string): Promise<TcpConnection> {
    const [host = "", port = ""] = address.split(":");
    const socket = net.connect({ host, port: Number(port) });
    await once(socket, "connect");
    return new TcpConnection(socket);
  }

  /** Sends bytes, if it is not over. */
  send(bytes: Uint8Array): void {
    if (!this.over && this.#socket.writable) this.#socket.write(bytes);
  }

  /** Says that nothing more will come. */
  finish(): void {
    this.#socket.end();
  }

  /** What the server said so far. */
  get received(): Uint8Array {
    return new Uint8Array(this.#received.flatMap((chunk) => [...chunk]));
  }

  /** What the server said until it ended the connection. */
  async ended(): Promise<Uint8Array> {
    await this.#closed;
    return this.received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }
}
