import { createServer, type Server } from "node:http";
import { dirname } from "node:path";
import { codeOf, reasonOf } from "../../base/system_error.ts";
import { LOCAL_NAME } from "../../pki/client_name.ts";
import type { Serving } from "./connection.ts";
import { Connections } from "./connections.ts";
import { logger } from "../log/logger.ts";
import { prepareListeningSockets } from "./listening_sockets.ts";

/** Milliseconds between two looks whether we still let anyone in. */
const LOOK = 5_000;
/** Milliseconds within which one who connects must be seen. */
const PATIENCE = 1_000;

const CALLER = { name: LOCAL_NAME, role: "admin", serial: null, peer: "unix" } as const;

/**
 * The road in for the one who owns this daemon: whoever can open the socket, which only its owner can, may do everything.
 */
export class UnixListener implements AsyncDisposable {
  readonly #path: string;
  readonly #maxConnections: number;
  readonly #connections: Connections;
  /** The last one listens; those before it have been left by Deno without anyone to let in. */
  readonly #servers: Server[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  #looking: Promise<void> = Promise.resolve();
  #idle = true;
  /** Counts who came, also those for whom there was no room. */
  #came = 0;

  private constructor(path: string, maxConnections: number, connections: Connections) {
    this.#path = path;
    this.#maxConnections = maxConnections;
    this.#connections = connections;
    this.#timer = setInterval(() => this.#look(), LOOK);
  }

  /**
   * Begins to listen.
   * @param maxConnections open at once; more are closed as they come.
   * @throws {Error} when another daemon listens there or the path is no socket.
   */
  static async listen(path: string, serving: Serving, maxConnections: number): Promise<UnixListener> {
    await removeStale(path);
    const listener = new UnixListener(path, maxConnections, new Connections(serving));
    try {
      await listener.#listen();
      return listener;
    } catch (error) {
      await listener[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #listen(): Promise<void> {
    const server = createServer(this.#connections.options, this.#connections.listener);
    this.#connections.refuseOn(server);
    server.prependListener("connection", (socket) => {
      this.#came++;
      // Not by `maxConnections` of node:net: Deno 2.9 then closes what is too much without an event.
      if (this.#connections.size < this.#maxConnections) return this.#connections.admit(socket, CALLER);
      const reason = `There were ${this.#maxConnections} connections`;
      this.#connections.serving.audit.record({
        event: "handshake",
        allowed: false,
        reason,
        who: { peer: CALLER.peer },
      });
      socket.destroy();
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    // The process's umask keeps the socket to its owner from the first moment on.
    server.listen(this.#path, resolve);
    await promise.catch((error) => {
      throw new Error(`Cannot listen on "${this.#path}": ${reasonNotToListen(this.#path, error)}`, { cause: error });
    });
    this.#servers.push(server);
    Deno.chmodSync(this.#path, 0o600);
    prepareListeningSockets(this.#connections.serving.timeouts.dead);
  }

  #look(): void {
    if (!this.#idle) return;
    this.#idle = false;
    this.#looking = this.#revive()
      .catch((error) => logger.error("Cannot listen on {path}: {error}", { path: this.#path, error }))
      .finally(() => this.#idle = true);
  }

  /**
   * With no descriptor left accept(2) fails, and Deno 2.9 (libs/core/uv_compat/pipe.rs) never lets anyone in again. Who connects and
   * is not let in shows that; then another server takes the path.
   */
  async #revive(): Promise<void> {
    const came = this.#came;
    let probe: Deno.UnixConn;
    try {
      probe = await Deno.connect({ transport: "unix", path: this.#path });
    } catch (error) {
      // Else there is still no descriptor for us either.
      if (error instanceof Deno.errors.NotFound) await this.#listenAnew("The socket {path} has gone");
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, PATIENCE));
    probe.close();
    if (this.#came !== came) return;
    await Deno.remove(this.#path);
    await this.#listenAnew("Nobody was let in at {path} any more");
  }

  async #listenAnew(why: string): Promise<void> {
    logger.warn(`${why}: listening anew`, { path: this.#path });
    await this.#listen();
  }

  /** Lets requests under way finish, and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    await this.#connections.shutdown();
    await Promise.all(closed);
  }
}

/**
 * Whether there is a socket at a path.
 * @throws {Error} when there is something else.
 */
export async function hasSocket(path: string): Promise<boolean> {
  const info = await Deno.lstat(path).catch(() => null);
  if (info === null || info.isSocket) return info !== null;
  throw new Error(`Cannot listen on "${path}": it is there and is not a socket`);
}

/** Removes the socket of a daemon that was killed. */
async function removeStale(path: string): Promise<void> {
  if (!await hasSocket(path)) return;
  try {
    const connection = await Deno.connect({ transport: "unix", path });
    connection.close();
  } catch (error) {
    // Anything else, such as a queue that is full (connect(2), EAGAIN), is no proof that nobody listens there.
    if (error instanceof Deno.errors.ConnectionRefused) {
      return await Deno.remove(path).catch((error) => {
        throw new Error(`Cannot listen on "${path}": the socket of an ended daemon is in the way: ${reasonOf(error)}`);
      });
    }
  }
  throw new Error(`Cannot listen on "${path}": another daemon does`);
}

/** Of bind(2) on a path, whose `sun_path` has 108 bytes with the NUL (unix(7)). */
function reasonNotToListen(path: string, error: unknown): string {
  const directory = `"${dirname(path)}"`;
  switch (codeOf(error)) {
    case "ENOENT":
      return "its folder is not there";
    case "EINVAL":
      return "its path is longer than 107 bytes";
    case "ENOTDIR":
      return `${directory} is not a directory`;
    case "EACCES":
    case "EPERM":
      return `we may not write to ${directory}; choose another path with --socket`;
    default:
      return reasonOf(error);
  }
}
