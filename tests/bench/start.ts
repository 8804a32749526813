import type { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { byTurns, type Figure, formatMilliseconds, milliseconds } from "./figure.ts";

const TRUE = "/bin/true";

/** Start to recorded exit through the API, against a spawn from Deno. */
export async function measureStart(daemon: Daemon): Promise<Figure[]> {
  using https = await Https.as(daemon, "alice");
  const { ours, reference } = await byTurns(
    () =>
      milliseconds(async () => {
        const { id } = await https.start({ command: TRUE });
        await https.wait(id);
      }),
    () => milliseconds(() => new Deno.Command(TRUE).output()),
    40,
  );
  return [{
    what: "`/bin/true` from start to recorded exit through the API, against a spawn from Deno",
    ours: formatMilliseconds(ours),
    reference: formatMilliseconds(reference),
    ratio: ours / reference,
    note: `the API's part: ${formatMilliseconds(ours - reference)} for a cgroup, a runner, records and two requests`,
  }];
}

/** What limits add to a start. */
export async function measureLimits(daemon: Daemon): Promise<Figure[]> {
  using https = await Https.as(daemon, "alice");
  const start = async (limits: Record<string, number>) => {
    const before = performance.now();
    const { id } = await https.start({ command: TRUE, limits });
    const took = performance.now() - before;
    await https.wait(id);
    await (await https.send("DELETE", `/v1/jobs/${id}`)).body?.cancel();
    return took;
  };
  const limits = { cpus: 1, memoryBytes: 2 ** 26, pids: 64 };
  const { ours, reference } = await byTurns(() => start(limits), () => start({}), 60);
  return [{
    what: "start (the answer to `POST /v1/jobs`) with limits of CPU, memory and processes, against one without",
    ours: formatMilliseconds(ours),
    reference: formatMilliseconds(reference),
    ratio: ours / reference,
    target: "at most 3 ms more",
    held: ours - reference <= 3,
    note: `${formatMilliseconds(ours - reference)} more`,
  }];
}
