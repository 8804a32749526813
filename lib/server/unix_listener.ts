import { createServer, type Server } from "node:http";
import type { Answer } from "./app.ts";
import { Connections } from "./connections.ts";
import { prepareListeningSockets } from "./listening_sockets.ts";
import { TIMEOUTS, type Timeouts } from "./timeouts.ts";

/** Owner of the jobs started through the Unix socket; no certificate may carry this name. */
export const LOCAL_NAME = "local";

/**
 * The road in for the one who owns this daemon: whoever can open the socket, which only its owner can, may do everything.
 */
export class UnixListener implements AsyncDisposable {
  readonly #server: Server;
  readonly #connections: Connections;

  private constructor(answer: Answer, maxConnections: number, timeouts: Timeouts) {
    this.#connections = new Connections(answer, timeouts);
    this.#server = createServer(this.#connections.options, this.#connections.listener);
    // With no descriptor left, accept(2) fails, and Deno 2.9 (libs/core/uv_compat/pipe.rs) never lets anyone in again.
    this.#server.maxConnections = maxConnections;
    this.#connections.refuseOn(this.#server);
    this.#server.prependListener("connection", (socket) => {
      this.#connections.admit(socket, { name: LOCAL_NAME, role: "admin", serial: null, peer: "unix" });
    });
  }

  /**
   * Begins to listen.
   * @param maxConnections open at once; more are closed as they come.
   * @throws {Error} when another daemon listens there or the path is no socket.
   */
  static async listen(
    path: string,
    answer: Answer,
    maxConnections: number,
    timeouts = TIMEOUTS,
  ): Promise<UnixListener> {
    await removeStale(path);
    const listener = new UnixListener(answer, maxConnections, timeouts);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    listener.#server.once("error", reject);
    // The process's umask keeps the socket to its owner from the first moment on.
    listener.#server.listen(path, resolve);
    await promise;
    Deno.chmodSync(path, 0o600);
    prepareListeningSockets(timeouts.dead);
    return listener;
  }

  /** Lets requests under way finish, and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await this.#connections.shutdown();
    await promise;
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
