import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A tunnel between Unix sockets that forgets the first connection on which a given request passes: no answer to it comes back. */
export class ForgetfulTunnel implements AsyncDisposable {
  /** How many such requests have passed on any connection. */
  requests = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(target: string, request: string) {
    this.#server = createServer((near) => this.#pass(near, connect({ path: target }), request));
  }

  /** Opens one from the path of a socket to be made to that of another; `request` is how the request begins. */
  static async open(path: string, target: string, request: string): Promise<ForgetfulTunnel> {
    const tunnel = new ForgetfulTunnel(target, request);
    tunnel.#server.listen(path);
    await once(tunnel.#server, "listening");
    return tunnel;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #pass(near: Socket, far: Socket, request: string): void {
    let forgotten = false;
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
    }
    near.on("data", (chunk) => {
      if (chunk.toString().startsWith(request)) forgotten = ++this.requests === 1;
      far.write(chunk);
    });
    far.on("data", (chunk) => void (forgotten || near.write(chunk)));
    near.on("close", () => void (forgotten || far.destroy()));
    far.on("close", () => void (forgotten || near.destroy()));
  }
}
