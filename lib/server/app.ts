import { logger } from "./log/logger.ts";
import { Hono } from "hono";
import { idSchema, type RouteName, ROUTES } from "../contract/mod.ts";
import { WorkerError } from "../worker/mod.ts";
import { accessOf } from "./authorize.ts";
import type { Caller, Context, Handler, HonoEnv, Services } from "./context.ts";
import { ProblemError, problemResponse, REFUSAL_STATUS } from "./problem.ts";
import { health } from "./routes/health.ts";
import { list } from "./routes/list.ts";
import { output } from "./routes/output.ts";
import { remove } from "./routes/remove.ts";
import { start } from "./routes/start.ts";
import { status } from "./routes/status.ts";
import { stop } from "./routes/stop.ts";
import { version } from "./routes/version.ts";

/** What is answered while the worker still reads what the last daemon left. */
const AT_ONCE: readonly RouteName[] = ["health", "version"];

const HANDLERS: Readonly<Record<RouteName, Handler>> = { health, version, start, list, status, output, stop, remove };

/** Answers a caller's request; `breakOff` ends the connection that it came on, in the middle of whatever is under way. */
export type Answer = (request: Request, caller: Caller, breakOff: () => void) => Promise<Response>;

/** What those did whose calls change something, for the log. */
const CHANGES: { readonly [Route in RouteName]?: string } = { start: "started", stop: "stopped", remove: "removed" };

/** The API: every route of the contract behind the one table of who may, with each decision and change in the audit log. */
export function createApp(services: Services): Answer {
  const app = new Hono<HonoEnv>();
  for (const name of Object.keys(ROUTES)) {
    if (!isRouteName(name)) continue;
    const { method, path } = ROUTES[name];
    app.on(method, path, async (context) => {
      await admit(context, name, services);
      return await handle(context, name, services);
    });
  }
  app.notFound(({ req, env }) => {
    const reason = `There is no ${req.method} ${req.path}`;
    services.audit.refused(env.caller, reason, 404);
    return problemResponse(new ProblemError(404, reason));
  });
  app.onError((error) => problemResponse(toProblem(error)));
  return async (request, caller, breakOff) => {
    if (request.method !== "HEAD") return await app.fetch(request, { caller, breakOff });
    // Hono would drop the body without cancelling it, and leave open the file or keep the follower's place behind it.
    const { body, status, headers } = await app.fetch(new Request(request, { method: "GET" }), { caller, breakOff });
    await body?.cancel();
    return new Response(null, { status, headers });
  };
}

function isRouteName(name: string): name is RouteName {
  return Object.hasOwn(ROUTES, name);
}

/**
 * Lets the caller go on to a route, and to the job in its path, or not.
 * @throws {ProblemError} 403 for the role; 404 in the same words whether there is no such job or it is another's.
 */
async function admit(context: Context, route: RouteName, { worker, audit }: Services): Promise<void> {
  const who = context.env.caller;
  const job = context.req.param("id");
  const decided = (reason?: string) =>
    audit.record({ event: "decision", allowed: reason === undefined, reason, who, route, job });
  const access = accessOf(who.role, route);
  if (access === "none") {
    logger.warn("Refused {route} to {name}, who is {role}", { route, name: who.name, role: who.role });
    decided(`The role "${who.role}" may not`);
    throw new ProblemError(403, `Cannot ${route} jobs: the role "${who.role}" may not`);
  }
  if (!AT_ONCE.includes(route)) {
    await worker.adopted.catch((error) => {
      decided(toProblem(error).message);
      throw error;
    });
  }
  if (job !== undefined) {
    const owner = idSchema.safeParse(job).success ? worker.owner(job) : undefined;
    // A damaged job may be nobody's any more; then it is no operator's own.
    if (owner === undefined || (access === "own" && owner !== who.name)) {
      decided(owner === undefined ? "There is no such job" : "The job is another's");
      throw new ProblemError(404, `There is no job "${job}"`);
    }
    context.set("job", job);
  }
  context.set("access", access);
  decided();
}

/** Does what was asked, and records it if it changes something or comes to nothing. */
async function handle(context: Context, route: RouteName, services: Services): Promise<Response> {
  const who = context.env.caller;
  const record = (outcome: { status: number; reason?: string }) => {
    const { job, started } = context.var;
    services.audit.record({
      event: "outcome",
      allowed: true,
      who,
      route,
      job: started?.id ?? job,
      started,
      ...outcome,
    });
  };
  try {
    const response = await HANDLERS[route](context, services);
    const did = CHANGES[route];
    if (did === undefined) return response;
    const { job, started } = context.var;
    // Not the arguments: they may hold secrets.
    const properties = { name: who.name, did, id: started?.id ?? job, command: started?.command };
    logger.info(started === undefined ? "{name} {did} {id}" : "{name} {did} {id}: {command}", properties);
    record({ status: response.status });
    return response;
  } catch (error) {
    const problem = toProblem(error);
    record({ status: problem.status, reason: problem.message });
    throw problem;
  }
}

function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof WorkerError) return new ProblemError(REFUSAL_STATUS[error.refusal], error.message);
  logger.error("Cannot answer a request: {error}", { error });
  const text = error instanceof Error ? error.message : "";
  // ENOSPC and EDQUOT of errno(3): the state folder's file system is full.
  if (/os error (28|122)\b/.test(text)) return new ProblemError(507, "The host's disk is full");
  // ENFILE and EMFILE: of the host or of the daemon.
  if (/os error (23|24)\b/.test(text)) return new ProblemError(503, "The host has no file descriptor left");
  return new ProblemError(500, "The server failed; its log says why");
}
