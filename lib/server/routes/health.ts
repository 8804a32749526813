import type { Handler } from "../context.ts";

/** `GET /healthz`: answers while the daemon can. */
export const health: Handler = (context) => context.json({ status: "ok" });
