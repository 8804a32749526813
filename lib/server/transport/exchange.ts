import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { MAX_BODY_BYTES } from "../../contract/mod.ts";
import { ProblemError } from "../problem.ts";

/**
 * A request of node:http's as the app wants it, with its whole body. What is too large is never held: the rest of it is let go of
 * as it comes.
 * @param patience milliseconds between two pieces of the body.
 * @param signal says that nobody waits for the answer any more.
 * @throws {ProblemError} 400, 408, 413, 417, 501 or 505.
 */
export async function readRequest(message: IncomingMessage, patience: number, signal: AbortSignal): Promise<Request> {
  refuseOdd(message);
  const { method = "GET", url = "", rawHeaders } = message;
  // The absolute form (RFC 9112, 3.2.2) says no more than its path does: there is one host here.
  const target = URL.parse(url.startsWith("/") ? `http://localhost${url}` : url);
  if (target === null) throw new ProblemError(400, `Cannot read the request: "${url}" is no path`);
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
  }
  const body = await readBody(message, patience);
  try {
    return new Request(target, { method, headers, signal, ...(method === "GET" || method === "HEAD" ? {} : { body }) });
  } catch {
    throw new ProblemError(400, `Cannot read the request: "${method}" is no method for this server`);
  }
}

/**
 * Refuses what node:http lets pass, but RFC 9112 does not: other versions (2.3), odd hosts (3.2), unknown codings (6.1), and unknown
 * expectations (RFC 9110, 10.1.1).
 */
function refuseOdd({ httpVersion, httpVersionMajor, httpVersionMinor, rawHeaders, headers }: IncomingMessage): void {
  if (httpVersionMajor !== 1) throw new ProblemError(505, `Cannot read the request: "${httpVersion}" is no HTTP/1`);
  const hosts = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === "host");
  if (hosts.length === 0 && httpVersionMinor > 0) {
    throw new ProblemError(400, "Cannot read the request: it has no host");
  }
  if (hosts.length > 1) throw new ProblemError(400, "Cannot read the request: it has more than one host");
  if (hosts.some((host) => !/^[\w.~%!$&'()*+,;=:[\]-]*$/.test(host))) {
    throw new ProblemError(400, "Cannot read the request: its host is none");
  }
  const { expect } = headers;
  if (expect !== undefined && expect.toLowerCase() !== "100-continue") {
    throw new ProblemError(417, `Cannot answer the request: "${expect}" is no expectation for this server`);
  }
  const coding = headers["transfer-encoding"];
  if (coding === undefined || coding.toLowerCase() === "chunked") return;
  throw new ProblemError(501, `Cannot read the request: "${coding}" is no transfer coding for this server`);
}

async function readBody(message: IncomingMessage, patience: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const { "content-length": length, "transfer-encoding": encoding } = message.headers;
  if (length === undefined && encoding === undefined) return null;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const tooLarge = () => new ProblemError(413, `Cannot read the body: it is larger than ${MAX_BODY_BYTES} bytes`);
  const late = () => reject(new ProblemError(408, "Cannot read the body: it did not come in time"));
  const chunks: Uint8Array[] = [];
  let size = 0;
  let timer = setTimeout(late, patience);
  const take = (chunk: Uint8Array) => {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return reject(tooLarge());
    chunks.push(chunk);
    clearTimeout(timer);
    timer = setTimeout(late, patience);
  };
  message.on("data", take).once("end", resolve).once("close", () => reject(new Error("The peer has gone")));
  message.once("error", reject);
  try {
    if (Number(length) > MAX_BODY_BYTES) throw tooLarge();
    await promise;
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
    promise.catch(() => {});
    message.off("data", take).resume();
  }
}

/**
 * Sends an answer at its reader's pace: nothing is read of a body while the socket has no room.
 * @param gone is told how to let go of the body when the peer goes before its end.
 * @throws what the body fails with. What was sent by then must not look complete: the connection is to be broken off.
 */
export async function writeResponse(
  message: ServerResponse,
  response: Response,
  gone: (cancel: () => void) => void,
): Promise<void> {
  const { status, headers, body } = response;
  message.writeHead(status, [...headers].flat());
  if (body === null) return void message.end();
  const reader = body.getReader();
  let room = Promise.withResolvers<void>();
  message.on("drain", () => room.resolve());
  gone(() => {
    room.resolve();
    reader.cancel().catch(() => {});
  });
  // A follower may wait long for its first byte, and is to know that it follows.
  const head = setImmediate(() => message.flushHeaders());
  for (let next = reader.read();;) {
    const { done, value } = await next;
    clearImmediate(head);
    if (done) return void message.end();
    const full = !message.write(value);
    // While the socket takes one piece the next is read from the disk, and no more than that.
    next = reader.read();
    next.catch(() => {});
    if (!full) continue;
    room = Promise.withResolvers();
    await room.promise;
  }
}
