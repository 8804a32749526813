import { type Answer, brokenBody } from "./app.ts";

/** Owner of the jobs started through the Unix socket; no certificate may carry this name. */
export const LOCAL_NAME = "local";

/**
 * The road in for the one who owns this daemon: whoever can open the socket, which only its owner can, may do everything.
 */
export class UnixListener implements AsyncDisposable {
  readonly #server: Deno.HttpServer;

  private constructor(server: Deno.HttpServer) {
    this.#server = server;
  }

  /**
   * Begins to listen.
   * @throws {Error} when another daemon listens there or the path is no socket.
   */
  static async listen(path: string, answer: Answer): Promise<UnixListener> {
    await removeStale(path);
    // The process's umask keeps the socket to its owner from the first moment on.
    const server = Deno.serve(
      { path, onListen: () => {}, onError: brokenBody },
      (request) => answer(request, { name: LOCAL_NAME, role: "admin" }),
    );
    Deno.chmodSync(path, 0o600);
    return new UnixListener(server);
  }

  /** Lets requests under way finish, and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Removes the socket of a daemon that was killed. */
async function removeStale(path: string): Promise<void> {
  const info = await Deno.lstat(path).catch(() => null);
  if (info === null) return;
  if (!info.isSocket) throw new Error(`Cannot listen on "${path}": it is there and is not a socket`);
  try {
    const connection = await Deno.connect({ transport: "unix", path });
    connection.close();
  } catch {
    return await Deno.remove(path);
  }
  throw new Error(`Cannot listen on "${path}": another daemon does`);
}
