import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { MAX_BODY_BYTES } from "../../contract/mod.ts";
import type { Answer } from "../app.ts";
import type { Audit } from "../log/audit.ts";
import type { Caller } from "../context.ts";
import { readRequest, writeResponse } from "./exchange.ts";
import type { FairTurns } from "./fair_turns.ts";
import { logger } from "../log/logger.ts";
import { ProblemError, problemMessage, problemResponse } from "../problem.ts";
import type { Timeouts } from "./timeouts.ts";

/** Requests of one connection that wait for their answers (pipelined, RFC 9112, 9.3.2); who sends more is cut off. */
const MOST_REQUESTS = 100;
/**
 * Bytes that a peer may send until it has all its answers, whatever they are: bodies, headers, extensions of chunks. Who sends more
 * is cut off.
 */
const MOST_RECEIVED = 2 * MAX_BODY_BYTES + 2 ** 16;
/** Milliseconds for a peer that was still sending to read why it should not. */
const LINGER = 1_000;

/** What it takes to serve connections. */
export interface Serving {
  readonly answer: Answer;
  /** For what is refused before there is a request to answer. */
  readonly audit: Audit;
  readonly timeouts: Timeouts;
}

/** A request that came and whose answer is not out yet. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Says that all answers before this one are out. */
  readonly turn: PromiseWithResolvers<void>;
  /** Aborted when its peer has gone. */
  readonly gone: AbortController;
  /** Lets go of the answer's body. */
  cancel: () => void;
  /** Whether its body was not read to its end. */
  refused: boolean;
}

/** A connection and its caller, with the requests that are being answered, one after the other. */
export class Connection {
  readonly #socket: Socket;
  readonly #serving: Serving;
  readonly #turns: FairTurns;
  /** In the order in which they came. */
  readonly #under: Exchange[] = [];
  readonly #closed = Promise.withResolvers<void>();
  #received = 0;
  #refusal: ProblemError | undefined;
  /** Whether the request that is still coming was refused; whatever else is wrong with it then needs no telling. */
  #refused = false;
  #lingering: ReturnType<typeof setTimeout> | undefined;
  #ending = false;

  /** Serves from now on; the socket's HTTP is node:http's business. */
  constructor(socket: Socket, readonly caller: Caller, serving: Serving, turns: FairTurns) {
    this.#socket = socket;
    this.#serving = serving;
    this.#turns = turns;
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk.length));
    socket.once("close", () => {
      clearTimeout(this.#lingering);
      for (const { turn, gone, cancel } of this.#under) {
        turn.resolve();
        gone.abort(new ProblemError(400, "The peer has gone"));
        cancel();
      }
      this.#closed.resolve();
    });
  }

  /** Answers a request of this connection's, once those before it have their answers: each may take memory and a descriptor. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Deno's TLS sockets go on to take in what comes while they are paused, without bound (ext/node/ops/tls_wrap.rs, `read_stop`):
    // who asks on without taking its answers would fill our memory.
    if (this.#under.length >= MOST_REQUESTS) return this.#cutOff(`${MOST_REQUESTS} requests wait for their answers`);
    if (this.#socket.isPaused()) return this.#cutOff("It asks on without taking its answers");
    clearTimeout(this.#lingering);
    const [turn, gone] = [Promise.withResolvers<void>(), new AbortController()];
    const exchange: Exchange = { request, response, turn, gone, cancel: () => {}, refused: false };
    if (this.#under.push(exchange) === 1) exchange.turn.resolve();
    response.once("close", () => this.#answered(exchange));
    try {
      const answer = await this.#respond(exchange);
      const tooLarge = Number(request.headers["content-length"] ?? 0) > MOST_RECEIVED;
      // Deno 2.9's node:http drops what came in one piece with a request that asks for another protocol: nothing may follow it.
      const upgrade = request.headers.upgrade !== undefined;
      // Who leaves out the host may not be the one who wrote what comes behind.
      const hostless = request.headers.host === undefined;
      if (this.#ending || tooLarge || upgrade || hostless) response.shouldKeepAlive = false;
      if (this.#socket.destroyed) return await answer.body?.cancel();
      await writeResponse(response, answer, (cancel) => exchange.cancel = cancel);
    } catch (error) {
      logger.debug("Broke off an answer: {error}", { error });
      this.destroy();
    }
  }

  /**
   * Refuses bytes that are no request, once the requests before them have their answers, and closes. node:http reads nothing more
   * of this connection.
   */
  refuse(problem: ProblemError): void {
    this.#tell(problem.message, problem.status);
    this.#refused = true;
    this.#refusal = problem;
    // What its parser was given back for must not be given more.
    this.#socket.removeAllListeners("data").removeAllListeners("end");
    this.#socket.on("data", (chunk: Uint8Array) => this.#receive(chunk.length)).resume();
    this.#sendRefusal();
  }

  #sendRefusal(): void {
    const [first] = this.#under;
    if (this.#refusal === undefined || first?.request.complete || this.#socket.destroyed) return;
    if (first?.response.headersSent) return this.destroy();
    this.#socket.end(problemMessage(this.#refusal));
    this.#linger();
  }

  #answered(exchange: Exchange): void {
    exchange.cancel();
    this.#under.splice(this.#under.indexOf(exchange), 1);
    const { request, response } = exchange;
    // What comes behind the last request of a connection is not answered (RFC 9112, 9.6), and must not be done.
    if (response.shouldKeepAlive) this.#under[0]?.turn.resolve();
    if (this.#socket.destroyed) return;
    this.#sendRefusal();
    if (request.complete) this.#forget();
    else request.once("end", () => this.#forget());
    // A peer that is still sending would not read why it should not if we closed at once. Nor is it waited for when all has come: the
    // rest of the body has stopped node:http's clock for idle connections, and Deno's TLS does not tell that a peer has gone where
    // that comes in one piece with what nobody wanted. A next request is in time.
    if (this.#under.length === 0 && (exchange.refused || !request.complete)) this.#linger();
  }

  #linger(): void {
    clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => this.destroy(), LINGER);
  }

  #receive(bytes: number): void {
    this.#received += bytes;
    if (this.#received > MOST_RECEIVED) {
      this.#cutOff(`It sent more than ${MOST_RECEIVED} bytes without waiting for answers`);
    }
  }

  /** Begins to count anew once there is nothing that the peer waits for. */
  #forget(): void {
    if (this.#under.length > 0) return;
    this.#received = 0;
    this.#refused = false;
    forgetLastPiece(this.#socket);
  }

  #tell(reason: string, status?: number): void {
    if (!this.#refused) this.#serving.audit.refused(this.caller, reason, status);
  }

  #cutOff(reason: string): void {
    if (this.#socket.destroyed) return;
    this.#tell(reason);
    this.destroy();
  }

  async #respond(exchange: Exchange): Promise<Response> {
    const { request, turn, gone } = exchange;
    try {
      exchange.refused = true;
      const whole = await this.#read(request, gone.signal).finally(() => turn.promise);
      exchange.refused = false;
      await this.#turns.next(this.caller.name);
      if (this.#socket.destroyed) throw new Error("The peer has gone");
      return await this.#serving.answer(whole, this.caller, () => this.destroy());
    } catch (error) {
      if (error instanceof ProblemError) return problemResponse(error);
      throw error;
    }
  }

  async #read(request: IncomingMessage, gone: AbortSignal): Promise<Request> {
    try {
      return await readRequest(request, this.#serving.timeouts.body, gone);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      this.#tell(error.message, error.status);
      this.#refused = !request.complete;
      throw error;
    }
  }

  /** Closes once all requests under way are answered, at once if there are none; resolves when it is closed. */
  shutdown(): Promise<void> {
    this.#ending = true;
    if (this.#under.length === 0) this.destroy();
    return this.#closed.promise;
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy();
  }
}

/**
 * Deno 2.9's node:http keeps the last piece that came, which can be a whole body, as long as the connection is open: a megabyte for
 * each that is idle.
 */
function forgetLastPiece(socket: Socket): void {
  const parser: unknown = Reflect.get(socket, "parser");
  if (typeof parser === "object" && parser !== null) Reflect.set(parser, "_lastRawPacket", null);
}
