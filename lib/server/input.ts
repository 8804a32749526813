import type { z } from "zod";
import { MAX_BODY_BYTES } from "../contract/mod.ts";
import { ProblemError } from "./problem.ts";

/** Milliseconds within which a whole body must have come. */
const BODY_TIMEOUT = 30_000;

/**
 * The body of a request, as JSON of this schema. An empty body is an object without fields.
 * @throws {ProblemError} 400, 408, 413 or 415.
 */
export async function readBody<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(request);
  if (text === "") return parse({}, schema, "body");
  // A browser asks a server before it sends this type from another site: no page can use its reader's certificate to start jobs.
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new ProblemError(415, 'Cannot read the body: its type must be "application/json"');
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new ProblemError(400, `Cannot read the body: ${error instanceof Error ? error.message : "it is not JSON"}`);
  }
  return parse(body, schema, "body");
}

/**
 * The query of a request in this schema.
 * @throws {ProblemError} 400, also for a parameter that is not known or comes twice.
 */
export function readQuery<T>(request: Request, schema: z.ZodType<T>): T {
  const parameters = new URL(request.url).searchParams;
  const query: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (Object.hasOwn(query, name)) throw new ProblemError(400, `Cannot read the query: "${name}" comes twice`);
    query[name] = value;
  }
  return parse(query, schema, "query");
}

function parse<T>(input: unknown, schema: z.ZodType<T>, part: "body" | "query"): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const errors = result.error.issues.map((issue) => ({ field: issue.path.join("."), message: messageOf(issue) }));
  const [first] = errors;
  const where = first === undefined || first.field === "" ? `the ${part}` : `"${first.field}"`;
  throw new ProblemError(400, `Cannot read ${where}: ${first?.message ?? "it is wrong"}`, errors);
}

/** Of a wrong key in an object, why it is wrong. */
function messageOf(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_key" ? issue.issues[0]?.message ?? issue.message : issue.message;
}

async function readText(request: Request): Promise<string> {
  const tooLarge = () => new ProblemError(413, `Cannot read the body: it is larger than ${MAX_BODY_BYTES} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  if (request.body === null) return "";
  const reader = request.body.getReader();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new ProblemError(408, "Cannot read the body: it did not come in time")),
    BODY_TIMEOUT,
  );
  try {
    // Decoded as it comes, with an error for what is not UTF-8: a program's arguments must not change on their way.
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let text = "";
    let bytes = 0;
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) return text + decoder.decode();
      bytes += value.length;
      if (bytes > MAX_BODY_BYTES) throw tooLarge();
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    if (error instanceof TypeError) throw new ProblemError(400, "Cannot read the body: it is not whole or not UTF-8");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
