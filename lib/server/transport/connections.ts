import type { RequestListener, Server } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Connection, type Serving } from "./connection.ts";
import type { Caller } from "../context.ts";
import { FairTurns } from "./fair_turns.ts";
import { ProblemError } from "../problem.ts";

/** Bytes of a request's line and headers; who sends more gets 431. */
const MAX_HEADER_BYTES = 16 * 1024;
/** Milliseconds between two looks for those who are late. */
const LOOK = 1_000;

/** The open connections of a listener, each with its caller: the one place where a request finds out whose it is. */
export class Connections {
  readonly #open = new Map<Socket, Connection>();
  readonly #turns = new FairTurns();

  constructor(readonly serving: Serving) {}

  /** How many there are. */
  get size(): number {
    return this.#open.size;
  }

  /** What a server of node:http or node:https is to be made with. */
  get options() {
    const { timeouts } = this.serving;
    return {
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      // node:http waits a second longer than it says.
      keepAliveTimeout: Math.max(1, timeouts.idle - 1000),
      connectionsCheckingInterval: LOOK,
      maxHeaderSize: MAX_HEADER_BYTES,
      // It would answer by itself, without a word to the audit log; so do we, with one.
      requireHostHeader: false,
    };
  }

  /** For the server's "request" event. */
  readonly listener: RequestListener = (request, response) => {
    const connection = this.#open.get(request.socket);
    if (connection === undefined) return void request.socket.destroy();
    connection.serve(request, response);
  };

  /** Answers what node:http's parser refuses, and what it would answer by itself. */
  refuseOn(server: Pick<Server, "on">): void {
    server.on("checkExpectation", this.listener);
    const refuse = (socket: Duplex, problem: ProblemError) => {
      const connection = socket instanceof Socket ? this.#open.get(socket) : undefined;
      if (connection === undefined) socket.destroy();
      else connection.refuse(problem);
    };
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      const problem = problemOf(error.code);
      if (problem === null) socket.destroy();
      else refuse(socket, problem);
    });
    server.on("connect", (_, socket) => refuse(socket, new ProblemError(501, "Cannot connect: this is no proxy")));
  }

  /** Takes in a socket whose caller is known. */
  admit(socket: Socket, caller: Caller): void {
    // A peer may go at any time, in the middle of anything; that is no fault of ours.
    socket.on("error", () => socket.destroy());
    this.#open.set(socket, new Connection(socket, caller, this.serving, this.#turns));
    socket.once("close", () => this.#open.delete(socket));
  }

  /** Lets what is under way finish for a while, and closes all. To be called once the server takes no more. */
  async shutdown(): Promise<void> {
    const timer = setTimeout(
      () => this.#open.forEach((connection) => connection.destroy()),
      this.serving.timeouts.shutdown,
    );
    await Promise.all([...this.#open.values()].map((connection) => connection.shutdown()));
    clearTimeout(timer);
    await this.#turns.over;
  }
}

/** What node:http's parser has against a request, by its code; null for what befell the connection, such as its peer's going. */
function problemOf(code = ""): ProblemError | null {
  if (code === "HPE_HEADER_OVERFLOW") {
    return new ProblemError(431, `Cannot read the request: its headers are larger than ${MAX_HEADER_BYTES} bytes`);
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new ProblemError(408, "Cannot read the request: it did not come in time");
  }
  return code.startsWith("HPE_") ? new ProblemError(400, "Cannot read the request: it is no HTTP/1.1") : null;
}
