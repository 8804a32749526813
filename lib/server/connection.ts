import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { MAX_BODY_BYTES } from "../contract/mod.ts";
import type { Answer } from "./app.ts";
import type { Caller } from "./context.ts";
import { readRequest, writeResponse } from "./exchange.ts";
import { logger } from "./logger.ts";
import { ProblemError, problemResponse } from "./problem.ts";
import type { Timeouts } from "./timeouts.ts";

/** Requests of one connection at once (pipelined, RFC 9112, 9.3.2); who sends more is cut off. */
const MOST_REQUESTS = 100;
/** Bytes of bodies that a peer may send until it has all its answers; who sends more is cut off. */
const MOST_RECEIVED = 4 * MAX_BODY_BYTES;

/** A connection and its caller, with the requests that are being answered. */
export class Connection {
  readonly #socket: Socket;
  readonly #answer: Answer;
  readonly #timeouts: Timeouts;
  /** How to let go of each answer under way. */
  readonly #under = new Map<ServerResponse, () => void>();
  readonly #closed = Promise.withResolvers<void>();
  #received = 0;
  #ending = false;

  /** Serves from now on; the socket's HTTP is node:http's business. */
  constructor(socket: Socket, readonly caller: Caller, answer: Answer, timeouts: Timeouts) {
    this.#timeouts = timeouts;
    this.#socket = socket;
    this.#answer = answer;
    socket.once("close", () => {
      for (const cancel of this.#under.values()) cancel();
      this.#closed.resolve();
    });
  }

  /** Answers a request of this connection's. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Deno's TLS sockets go on to take in what comes while they are paused, without bound (ext/node/ops/tls_wrap.rs, `read_stop`):
    // who asks on without taking its answers would fill our memory.
    if (this.#under.size >= MOST_REQUESTS || this.#socket.isPaused()) return this.destroy();
    this.#under.set(response, () => {});
    response.once("close", () => this.#answered(request, response));
    request.on("data", (chunk: Uint8Array) => this.#receive(chunk.length));
    try {
      const answer = await this.#respond(request);
      const tooLarge = Number(request.headers["content-length"] ?? 0) > MOST_RECEIVED;
      // Deno 2.9's node:http drops what came in one piece with a request that asks for another protocol: nothing may follow it.
      const upgrade = request.headers.upgrade !== undefined;
      if (this.#ending || tooLarge || upgrade) response.shouldKeepAlive = false;
      if (this.#socket.destroyed) return await answer.body?.cancel();
      await writeResponse(response, answer, (cancel) => this.#under.set(response, cancel));
    } catch (error) {
      logger.debug("Broke off an answer: {error}", { error });
      this.destroy();
    }
  }

  #answered(request: IncomingMessage, response: ServerResponse): void {
    this.#under.get(response)?.();
    this.#under.delete(response);
    if (this.#under.size === 0) this.#received = 0;
    if (request.complete || this.#socket.destroyed) return;
    // It was refused for its length, perhaps. A peer that is still sending would not read that if we closed at once.
    const timer = setTimeout(() => this.destroy(), this.#timeouts.body);
    for (const event of ["end", "close"]) request.once(event, () => clearTimeout(timer));
  }

  #receive(bytes: number): void {
    this.#received += bytes;
    if (this.#received > MOST_RECEIVED) this.destroy();
  }

  async #respond(request: IncomingMessage): Promise<Response> {
    try {
      return await this.#answer(await readRequest(request, this.#timeouts.body), this.caller);
    } catch (error) {
      if (error instanceof ProblemError) return problemResponse(error);
      throw error;
    }
  }

  /** Closes once all requests under way are answered, at once if there are none; resolves when it is closed. */
  shutdown(): Promise<void> {
    this.#ending = true;
    if (this.#under.size === 0) this.destroy();
    return this.#closed.promise;
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy();
  }
}
