import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { MAX_BODY_BYTES } from "../contract/mod.ts";
import { type Answer, brokenBody } from "./app.ts";
import type { Caller } from "./context.ts";
import { holdBack } from "./hold_back.ts";

/** How long a peer may be silent, in milliseconds. */
const PATIENCE = {
  /** Between requests. */
  idle: 60_000,
  /** From the first byte of a request until its headers are whole. */
  headers: 10_000,
};

/** Bytes that a peer may send until it has its answer: the largest request, also in many small chunks. Who sends more is cut off. */
const MOST_RECEIVED = 4 * MAX_BODY_BYTES;

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
  #received = 0;
  #headersDue = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #open = true;

  /** `folder` is private to us and on a short path: a socket's may have 107 bytes (unix(7)). */
  constructor(peer: TLSSocket, caller: Caller, folder: string, answer: Answer) {
    this.#peer = peer;
    holdBack(peer);
    const path = join(folder, String(count++));
    this.#path = path;
    this.#server = Deno.serve(
      { path, onListen: () => {}, onError: brokenBody },
      (request, info) => this.#serve(info, answer(request, caller)),
    );
    this.#upstream = connect({ path });
    this.#upstream.once("connect", () => {
      this.#unname();
      // Not to end when the peer does: what node:net shuts down and destroys at once is never let go of (ShutdownWrap, Deno 2.9.6).
      peer.pipe(this.#upstream, { end: false });
      this.#upstream.pipe(peer);
      peer.on("data", (chunk) => this.#receive(chunk.length));
    });
    // A peer may go at any time, in the middle of anything: that ends the connection and is no fault of ours.
    for (const socket of [peer, this.#upstream]) socket.on("error", () => this.destroy());
    for (const event of ["end", "close"]) peer.on(event, () => this.destroy());
    // The server is done with it; what is on its way to the peer still is.
    this.#upstream.on("close", () => peer.end());
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
      this.#received = 0;
      if (--this.#active === 0 && this.#open) this.#expect(PATIENCE.idle);
    };
    info.completed.then(done, done);
    return await response;
  }

  #unname(): void {
    const path = this.#path;
    this.#path = null;
    try {
      if (path !== null) Deno.removeSync(path);
    } catch (error) {
      // The server has removed it as it ended.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  #receive(bytes: number): void {
    this.#received += bytes;
    if (this.#received > MOST_RECEIVED) return this.destroy();
    if (this.#active === 0 && !this.#headersDue) this.#expect(PATIENCE.headers, true);
  }

  #expect(milliseconds: number, headersDue = false): void {
    this.#headersDue = headersDue;
    clearTimeout(this.#timer);
    const pending = this.#peer.writableLength;
    this.#timer = setTimeout(() => {
      // A slow peer may still be taking an answer that we are done with.
      const takes = this.#peer.writableLength < pending;
      if (takes && !headersDue) this.#expect(milliseconds);
      else this.destroy();
    }, milliseconds);
  }
}
