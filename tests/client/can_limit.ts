import { versionSchema } from "../../lib/contract/mod.ts";
import type { Https } from "../support/https.ts";

/** Whether a daemon can limit jobs, as it says itself. */
export async function canLimit(https: Https): Promise<boolean> {
  const { cgroup } = versionSchema.parse(await (await https.send("GET", "/v1/version")).json());
  return cgroup.reason === null;
}
