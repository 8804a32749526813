import { z } from "zod";

/** Every call of the API. The path's `:id` is a job's id, its `:stream` stdout or stderr. */
export const ROUTES = {
  health: { method: "GET", path: "/healthz" },
  version: { method: "GET", path: "/v1/version" },
  start: { method: "POST", path: "/v1/jobs" },
  list: { method: "GET", path: "/v1/jobs" },
  status: { method: "GET", path: "/v1/jobs/:id" },
  output: { method: "GET", path: "/v1/jobs/:id/:stream{stdout|stderr}" },
  stop: { method: "POST", path: "/v1/jobs/:id/stop" },
  remove: { method: "DELETE", path: "/v1/jobs/:id" },
} as const;

/** The name of a call. */
export type RouteName = keyof typeof ROUTES;

/** A job's id. Anything else in its place names no job. */
export const idSchema = z.uuid();
