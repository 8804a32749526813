import { VERSION } from "../../about/version.ts";
import type { Version } from "../../contract/mod.ts";
import type { Handler } from "../context.ts";

/** `GET /v1/version`: versions, and how this host can limit jobs. */
export const version: Handler = (context, { worker }) => {
  const { mode, controllers, reason } = worker.cgroups;
  const answer: Version = {
    version: VERSION,
    deno: Deno.version.deno,
    cgroup: { mode, controllers: [...controllers], reason },
  };
  return context.json(answer);
};
