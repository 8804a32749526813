import { z } from "zod";

/** Media type of errors (RFC 9457). */
export const PROBLEM_TYPE = "application/problem+json";

/** An error of the API (RFC 9457). */
export const problemSchema = z.looseObject({
  type: z.string().default("about:blank"),
  title: z.string(),
  status: z.int(),
  /** What could not be done, and why. */
  detail: z.string().optional(),
  /** The parts of the request that were wrong. */
  errors: z.array(z.looseObject({ field: z.string(), message: z.string() })).optional(),
});
/** See {@linkcode problemSchema}. */
export type Problem = z.infer<typeof problemSchema>;
