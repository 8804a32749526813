import { z } from "zod";
import { stateSchema } from "./job.ts";

/**
 * Least characters of an id that stand for it where a client looks at a job, and where it changes one: few characters are soon the
 * beginning of another job's id. The server applies the first.
 */
export const MIN_ID_PREFIX = { read: 4, change: 8 } as const;

/** Query of `GET /v1/jobs`. */
export const listSchema = z.strictObject({
  /** One state, or several separated by commas. */
  state: z.string().transform((states) => states.split(",")).pipe(z.array(stateSchema)).optional(),
  name: z.string().optional(),
  owner: z.string().optional(),
  /** A name, an id, or the beginning of an id, of at least {@linkcode MIN_ID_PREFIX} characters. */
  job: z.string().min(1, "must not be empty").optional(),
  /** Most jobs on a page. */
  limit: z.string().regex(/^\d{1,4}$/, "must be a number").transform(Number).pipe(z.int().min(1).max(1000)).default(
    100,
  ),
  /** Goes on after the page that gave it. */
  cursor: z.string().regex(/^\d{1,15}$/, "must be a cursor of an earlier page").transform(Number).optional(),
});
/** See {@linkcode listSchema}. */
export type ListQuery = z.output<typeof listSchema>;
