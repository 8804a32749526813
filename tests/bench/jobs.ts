import type { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import type { Figure } from "./figure.ts";
import { formatGrowth, formatMemory, readMemory } from "./memory.ts";

const TOGETHER = 20;

/** The daemon's memory with 0, 100 and 500 running jobs. */
export async function measureJobs(daemon: Daemon): Promise<Figure[]> {
  using https = await Https.as(daemon, "alice");
  const ids: string[] = [];
  const none = await readMemory(daemon.pid);
  await start(https, ids, 100);
  const hundred = await readMemory(daemon.pid);
  await start(https, ids, 500);
  const all = await readMemory(daemon.pid);
  await remove(https, ids);
  const each = (all.rss - none.rss) / 500;
  return [{
    what: "the daemon's memory for each of 500 running jobs",
    ours: `${each.toFixed(1)} KiB`,
    target: "RSS at most 50 KB",
    held: each * 1.024 <= 50,
    note: `RSS with 0, 100 and 500 jobs: ${[none, hundred, all].map(({ rss }) => formatMemory(rss)).join(", ")}; ` +
      `for each: ${formatGrowth(none, all, 500)}; from the 100th on: ${formatGrowth(hundred, all, 400)}`,
  }];
}

async function start(https: Https, ids: string[], count: number): Promise<void> {
  while (ids.length < count) {
    const some = Array.from({ length: TOGETHER }, () => https.start({ command: "sleep", args: ["1000"] }));
    ids.push(...(await Promise.all(some)).map(({ id }) => id));
  }
}

async function remove(https: Https, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += TOGETHER) {
    await Promise.all(
      ids.slice(from, from + TOGETHER).map(async (id) => {
        await https.job(await https.send("POST", `/v1/jobs/${id}/stop`, { graceSeconds: 0 }));
        await (await https.send("DELETE", `/v1/jobs/${id}`)).body?.cancel();
      }),
    );
  }
}
