import type { z } from "zod";
import { describeIssue, IDEMPOTENCY_KEY, idempotencyKeySchema } from "../contract/mod.ts";
import { ProblemError } from "./problem.ts";

/** Wrong fields that are told of; a body has room for a hundred thousand. */
const MOST_ERRORS = 20;

/**
 * The body of a request, as JSON of this schema. An empty body is an object without fields.
 * @throws {ProblemError} 400 or 415.
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
  } catch {
    // Without the parser's own words, which quote the body: this goes to the audit log, and arguments can hold secrets.
    throw new ProblemError(400, "Cannot read the body: it is not JSON");
  }
  return parse(body, schema, "body");
}

/**
 * The idempotency key of a request, if it has one.
 * @throws {ProblemError} 400.
 */
export function readIdempotencyKey(request: Request): string | undefined {
  const key = idempotencyKeySchema.optional().safeParse(request.headers.get(IDEMPOTENCY_KEY) ?? undefined);
  if (key.success) return key.data;
  throw new ProblemError(
    400,
    `Cannot use the header "${IDEMPOTENCY_KEY}": it must be 1 to 128 visible ASCII characters`,
  );
}

/**
 * The query of a request in this schema.
 * @throws {ProblemError} 400, also for a parameter that is not known or comes twice, or is not UTF-8.
 */
export function readQuery<T>(request: Request, schema: z.ZodType<T>): T {
  const { search, searchParams: parameters } = new URL(request.url);
  requireDecodable(search);
  const query: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (Object.hasOwn(query, name)) throw new ProblemError(400, `Cannot read the query: "${name}" comes twice`);
    query[name] = value;
  }
  return parse(query, schema, "query");
}

/** Percent-encoding of what is not UTF-8 would be read as U+FFFD, which is another name. */
function requireDecodable(search: string): void {
  try {
    decodeURIComponent(search);
  } catch {
    throw new ProblemError(400, "Cannot read the query: its percent-encoding is not that of UTF-8");
  }
}

function parse<T>(input: unknown, schema: z.ZodType<T>, part: "body" | "query"): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, MOST_ERRORS);
  const errors = issues.map((issue) => ({ field: issue.path.join("."), message: describeIssue(issue) }));
  const [first] = errors;
  const where = first === undefined || first.field === "" ? `the ${part}` : `"${first.field}"`;
  throw new ProblemError(400, `Cannot read ${where}: ${first?.message ?? "it is wrong"}`, errors);
}

async function readText(request: Request): Promise<string> {
  try {
    // With an error for what is not UTF-8: a program's arguments must not change on their way.
    return new TextDecoder("utf-8", { fatal: true }).decode(await request.bytes());
  } catch {
    throw new ProblemError(400, "Cannot read the body: it is not UTF-8");
  }
}
