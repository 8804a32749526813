import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import type { Answer } from "./app.ts";
import type { Caller } from "./context.ts";

/** How long a peer may be silent, in milliseconds. */
const PATIENCE = {
  /** Between requests. */
  idle: 60_000,
  /** From the first byte of a request until its headers are whole. */
  headers: 10_000,
};

let count = 0;

/**
 * Serves one TLS connection to its end.
 *
 * The plaintext goes through a Unix socket to an HTTP server that exists for this connection alone, so that the caller is part of
 * the server and no request can be taken for another's: there is no port to connect to, no table to look up, nothing to reuse.
 * The socket's name lives from the listening to the connecting, in a folder that only we can enter.
 */
export class Connection {
  readonly #peer: TLSSocket;
  readonly #upstream: Socket;
  readonly #server: Deno.HttpServer;
  /** Where the socket is named, until it is connected. */
  #path: string | null;
  readonly #closed = Promise.withResolvers<void>();
  #active = 0;
  #headersDue = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #open = true;

  /** `folder` is private to us and on a short path: a socket's may have 107 bytes (unix(7)). */
  constructor(peer: TLSSocket, caller: Caller, folder: string, answer: Answer) {
    this.#peer = peer;
    const path = join(folder, String(count++));
    this.#path = path;
    this.#server = Deno.serve(
      { path, onListen: () => {} },
      (request, info) => this.#serve(info, answer(request, caller)),
    );
    this.#upstream = connect({ path });
    this.#upstream.once("connect", () => {
      this.#unname();
      peer.pipe(this.#upstream);
      this.#upstream.pipe(peer);
      peer.on("data", () => this.#expectHeaders());
    });
    for (const socket of [peer, this.#upstream]) {
      // A peer may go at any time, in the middle of anything: that ends the connection and is no fault of ours.
      socket.on("error", () => this.destroy());
      socket.on("close", () => this.destroy());
    }
    this.#expect(PATIENCE.idle);
  }

  /** Resolves when everything of the connection is closed. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Lets the requests that are being answered finish, then closes. */
  async shutdown(): Promise<void> {
    await this.#server.shutdown();
    this.destroy();
  }

  /** Closes at once. */
  destroy(): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#timer);
    this.#unname();
    this.#upstream.destroy();
    this.#peer.destroy();
    // The server's own connection has just lost its other end; it ends as soon as its handlers have noticed.
    this.#server.shutdown().finally(() => this.#closed.resolve());
  }

  async #serve(info: Deno.ServeHandlerInfo, response: Promise<Response>): Promise<Response> {
    this.#active++;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const done = () => {
      if (--this.#active === 0 && this.#open) this.#expect(PATIENCE.idle);
    };
    info.completed.then(done, done);
    return await response;
  }

  #unname(): void {
    if (this.#path !== null) Deno.removeSync(this.#path);
    this.#path = null;
  }

  #expectHeaders(): void {
    if (this.#active === 0 && !this.#headersDue) this.#expect(PATIENCE.headers, true);
  }

  #expect(milliseconds: number, headersDue = false): void {
    this.#headersDue = headersDue;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.destroy(), milliseconds);
  }
}
