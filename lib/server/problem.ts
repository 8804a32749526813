import { type Problem, PROBLEM_TYPE } from "../contract/mod.ts";
import type { Refusal } from "../worker/mod.ts";

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  408: "Request timeout",
  409: "Conflict",
  413: "Content too large",
  415: "Unsupported media type",
  417: "Expectation failed",
  422: "Not possible on this host",
  500: "Internal error",
  429: "Too many requests",
  431: "Request header fields too large",
  501: "Not implemented",
  503: "Service unavailable",
  505: "HTTP version not supported",
  507: "Insufficient storage",
};

/** Seconds after which a refused client may try again. */
const RETRY_AFTER = 2;

/** An error that ends a request; becomes an RFC 9457 problem. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  /** `detail` is a sentence for the user; `errors` names the wrong fields. */
  constructor(
    readonly status: number,
    detail: string,
    readonly errors?: readonly { field: string; message: string }[],
  ) {
    super(detail);
  }
}

/** The status with which a refusal of the worker is answered. */
export const REFUSAL_STATUS: Readonly<Record<Refusal, number>> = {
  unknown: 404,
  conflict: 409,
  unsupported: 422,
  // Nothing that the caller could mend: it is the host's disk.
  damaged: 500,
  busy: 429,
  closing: 503,
};

/** The problem as a response. */
export function problemResponse(error: ProblemError): Response {
  const { status } = error;
  const headers = new Headers({ "content-type": PROBLEM_TYPE });
  if (status === 429 || status === 503) headers.set("retry-after", String(RETRY_AFTER));
  return new Response(problemText(error), { status, headers });
}

/** The problem as the last bytes of a connection, where there is no request that it answers (RFC 9112, 2.1). */
export function problemMessage(error: ProblemError): string {
  const { status } = error;
  const body = problemText(error);
  const length = new TextEncoder().encode(body).length;
  const headers = [`Content-Type: ${PROBLEM_TYPE}`, `Content-Length: ${length}`, "Connection: close"];
  return [`HTTP/1.1 ${status} ${TITLES[status] ?? "Error"}`, ...headers, "", body].join("\r\n");
}

function problemText({ status, message, errors }: ProblemError): string {
  const problem: Problem = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    detail: message,
    ...(errors === undefined ? {} : { errors: [...errors] }),
  };
  return JSON.stringify(problem);
}
