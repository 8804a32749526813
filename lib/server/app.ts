import { logger } from "./logger.ts";
import { Hono } from "hono";
import { type RouteName, ROUTES } from "../contract/mod.ts";
import { WorkerError } from "../worker/mod.ts";
import { accessOf } from "./authorize.ts";
import type { Caller, Context, Handler, Services } from "./context.ts";
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

/** Answers a caller's request. */
export type Answer = (request: Request, caller: Caller) => Promise<Response>;

/** The API: every route of the contract behind the one table of who may. */
export function createApp(services: Services): Answer {
  const app = new Hono<{ Bindings: { caller: Caller }; Variables: { access: ReturnType<typeof accessOf> } }>();
  for (const name of Object.keys(ROUTES)) {
    if (!isRouteName(name)) continue;
    const { method, path } = ROUTES[name];
    app.on(method, path, async (context) => {
      authorize(context, name);
      if (!AT_ONCE.includes(name)) await services.worker.adopted;
      return await HANDLERS[name](context, services);
    });
  }
  app.notFound(({ req }) => problemResponse(new ProblemError(404, `There is no ${req.method} ${req.path}`)));
  app.onError((error) => problemResponse(toProblem(error)));
  return async (request, caller) => {
    if (request.method !== "HEAD") return await app.fetch(request, { caller });
    // Hono would drop the body without cancelling it, and leave open the file or keep the follower's place behind it.
    const { body, status, headers } = await app.fetch(new Request(request, { method: "GET" }), { caller });
    await body?.cancel();
    return new Response(null, { status, headers });
  };
}

function isRouteName(name: string): name is RouteName {
  return Object.hasOwn(ROUTES, name);
}

function authorize(context: Context, route: RouteName): void {
  const { role, name } = context.env.caller;
  const access = accessOf(role, route);
  if (access === "none") {
    logger.warn("Refused {route} to {name}, who is {role}", { route, name, role });
    throw new ProblemError(403, `Cannot ${route} jobs: the role "${role}" may not`);
  }
  context.set("access", access);
}

function toProblem(error: Error): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof WorkerError) return new ProblemError(REFUSAL_STATUS[error.refusal], error.message);
  logger.error("Cannot answer a request: {error}", { error });
  // ENOSPC and EDQUOT of errno(3): the state folder's file system is full.
  if (/os error (28|122)\b/.test(error.message)) return new ProblemError(507, "The host's disk is full");
  // ENFILE and EMFILE: of the host or of the daemon.
  if (/os error (23|24)\b/.test(error.message)) return new ProblemError(503, "The host has no file descriptor left");
  return new ProblemError(500, "The server failed; its log says why");
}
