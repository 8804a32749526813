import { Agent, type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import { free } from "./free.ts";
import { type Link, type Pausable, UnansweredError } from "./link.ts";

/** Bytes of a body that wait here for who reads it. */
const BUFFER = 64 * 1024;

/** What {@linkcode Transport.send} sends. */
export interface TransportRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether it goes on a new connection, which nothing else is sent on. */
  readonly fresh?: boolean;
}

/** HTTP to one daemon. */
export interface Transport extends Disposable {
  /**
   * Sends a request; comes back with the head of its answer. Its body is read from the daemon as fast as it is taken here.
   * @throws {UnansweredError} when the server closes a new connection instead.
   * @throws what else went wrong before that, or the signal's reason.
   */
  send(request: TransportRequest): Promise<Response>;
}

/**
 * HTTP/1.1 over TLS or a Unix socket; connections are kept and used again. Not by `fetch`, which believes the public
 * authorities too, does not show the certificate that it believed, and goes where variables such as NO_PROXY send it.
 */
export class HttpTransport implements Transport {
  readonly #agent: Agent;
  /** Its connections are not used again. */
  readonly #freshAgent: Agent;
  /** Of each connection. */
  readonly #sources = new WeakMap<Duplex, Pausable>();
  /** Connections on which something was answered. */
  readonly #proven = new WeakSet<Duplex>();
  readonly #authority: string;

  /**
   * Connects when there is something to send.
   *
   * @param authority The server's host and port as HTTP names them (RFC 9110, 7.2).
   * @param open Opens a connection on which requests may be sent.
   */
  constructor(authority: string, open: () => Promise<Link>) {
    this.#authority = authority;
    this.#agent = createAgent(open, this.#sources, true);
    this.#freshAgent = createAgent(open, this.#sources, false);
  }

  /** See {@linkcode Transport.send}. */
  async send({ method, path, headers, body, signal, fresh = false }: TransportRequest): Promise<Response> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const bytes = body === undefined ? undefined : new TextEncoder().encode(body);
    const outgoing = request({
      agent: fresh ? this.#freshAgent : this.#agent,
      method,
      path,
      headers: {
        host: this.#authority,
        ...headers,
        ...(bytes === undefined ? {} : { "content-length": String(bytes.length) }),
      },
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.on("response", resolve);
    let socket: Duplex | undefined;
    outgoing.on("socket", (taken: Duplex) => socket = taken);
    outgoing.on("error", (error: Error) => {
      const unanswered = socket !== undefined && !this.#proven.has(socket);
      reject(unanswered ? new UnansweredError(error.message, { cause: error }) : error);
    });
    // The only event where it answers 101, which nobody has asked for.
    outgoing.on("close", () => reject(new Error("it did not answer")));
    outgoing.end(bytes);
    // Deno 2.9 tells of an abort only once there is a connection.
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort);
    const message = await promise.finally(() => signal?.removeEventListener("abort", abort));
    this.#proven.add(message.socket);
    return toResponse(message, this.#sources.get(message.socket) ?? message);
  }

  /** Closes all connections. */
  [Symbol.dispose](): void {
    this.#agent.destroy();
    this.#freshAgent.destroy();
  }
}

/** Takes only connections that are ready and, with TLS, whose server has shown who it is: not a byte is sent before. */
function createAgent(open: () => Promise<Link>, sources: WeakMap<Duplex, Pausable>, keepAlive: boolean): Agent {
  // A method of subclasses may, by the types of node:http, not return nothing, which is how to say that the callback will be called.
  return Object.assign(new Agent({ keepAlive }), {
    createConnection(_options: unknown, callback: (error: Error | null, stream?: Duplex) => void): void {
      open().then(({ stream, source }) => {
        if (source !== undefined) sources.set(stream, source);
        callback(null, stream);
      }).catch(callback);
    },
  });
}

function toResponse(message: IncomingMessage, source: Pausable): Response {
  const { statusCode = 0, statusMessage = "", rawHeaders } = message;
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
  const body = bodyOf(message, source);
  const empty = statusCode === 204 || statusCode === 304;
  return new Response(empty ? null : body, { status: statusCode, statusText: statusMessage, headers });
}

/** The body of an answer. While {@linkcode BUFFER} is full nothing more is read from the server. */
function bodyOf(message: IncomingMessage, source: Pausable): ReadableStream<Uint8Array<ArrayBuffer>> {
  // Called after the parser of node:http, which copies what it takes.
  const { socket } = message;
  socket.on("data", free);
  message.once("close", () => socket.off("data", free));
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      message.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) source.pause();
      });
      message.on("end", () => {
        source.resume();
        controller.close();
      });
      message.on("error", (error) => controller.error(error));
    },
    pull: () => void source.resume(),
    cancel() {
      message.removeAllListeners("data").removeAllListeners("end").destroy();
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: BUFFER }));
}
