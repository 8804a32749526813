import { detectCgroups } from "../../lib/cgroup/mod.ts";
import { removeCgroups } from "../support/cgroups.ts";

/** Whether jobs can be limited here: there are cgroups, and we may use them. */
export const canLimit = await find();

async function find(): Promise<boolean> {
  const name = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  try {
    return detectCgroups({ name }).reason === null;
  } finally {
    await removeCgroups(name);
  }
}
