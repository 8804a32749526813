import type { Context as HonoContext } from "hono";
import { idSchema } from "../contract/mod.ts";
import type { Identity } from "../pki/identity.ts";
import type { Worker } from "../worker/mod.ts";
import type { Access } from "./authorize.ts";
import type { Followers } from "./followers.ts";
import { ProblemError } from "./problem.ts";

/** What every handler can use besides its request. */
export interface Services {
  readonly worker: Worker;
  readonly followers: Followers;
}

/** Who is asking: given with the connection, never taken from the request. */
export type Caller = Pick<Identity, "name" | "role">;

/** A request's context: the caller comes with the connection, the access from the table. */
export type Context = HonoContext<{
  Bindings: { caller: Caller };
  Variables: { access: Access };
}>;

/** A handler of one route. */
export type Handler = (context: Context, services: Services) => Response | Promise<Response>;

/**
 * The id in the path, when it is that of a job that the caller may see.
 * @throws {ProblemError} 404 otherwise, in the same words whether there is no such job or it is another's.
 */
export function visibleJob(context: Context, worker: Worker): string {
  const id = context.req.param("id") ?? "";
  const owner = idSchema.safeParse(id).success ? worker.owner(id) : undefined;
  // A damaged job may be nobody's any more; then it is no operator's own.
  if (owner === undefined || (context.var.access === "own" && owner !== context.env.caller.name)) {
    throw new ProblemError(404, `There is no job "${id}"`);
  }
  return id;
}
