import { z } from "zod";
import { stateSchema } from "./job.ts";

/** Query of `GET /v1/jobs`. */
export const listSchema = z.strictObject({
  /** One state, or several separated by commas. */
  state: z.string().transform((states) => states.split(",")).pipe(z.array(stateSchema)).optional(),
  name: z.string().optional(),
  owner: z.string().optional(),
  /** A name, an id, or the beginning of an id. */
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
