import { equal, notEqual } from "../support/assert.ts";
import { type Problem, problemSchema } from "../../lib/contract/mod.ts";

/** Fails unless the answer is a problem of this status in the form of RFC 9457; gives it. */
export async function problemOf(response: Response, status: number): Promise<Problem> {
  const text = await response.text();
  equal(response.status, status, text);
  equal(response.headers.get("content-type"), "application/problem+json");
  const problem = problemSchema.parse(JSON.parse(text));
  equal(problem.status, status);
  equal(problem.type, "about:blank");
  notEqual(problem.title, "Error");
  notEqual(problem.detail ?? "", "");
  equal(/\\n|\.ts\b|file:|\/tmp\//.test(text), false, `A stranger learns too much: ${text}`);
  if (status === 429 || status === 503) equal(Number(response.headers.get("retry-after")) > 0, true);
  return problem;
}
