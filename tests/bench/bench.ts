/** Measures the sizes that must hold and writes them to docs/performance.md: `deno task bench`. */
import { availableParallelism, loadavg } from "node:os";
import { Daemon } from "../support/daemon.ts";
import type { Figure } from "./figure.ts";
import { measureFollowers } from "./follow.ts";
import { measureJobs } from "./jobs.ts";
import { formatTable, writePage } from "./page.ts";
import { measureReading } from "./read_log.ts";
import { measureRequests } from "./requests.ts";
import { measureSsh } from "./ssh.ts";
import { measureLimits, measureStart } from "./start.ts";
import { measureWriting } from "./write_log.ts";

/** Each with a daemon of its own, so that none pays for what another left in memory. */
const MEASUREMENTS: Readonly<Record<string, (daemon: Daemon) => Promise<Figure[]>>> = {
  "start": measureStart,
  "ssh": measureSsh,
  "limits": measureLimits,
  "reading": measureReading,
  "writing": measureWriting,
  "1 follower": measureFollowers(1, 32),
  "10 followers": measureFollowers(10, 32),
  "100 followers": measureFollowers(100, 32),
  "500 followers": measureFollowers(500, 8),
  "jobs": measureJobs,
  "requests": measureRequests,
};
const MOST_SECONDS = 120;

/** A measurement; one that fails or takes too long is a figure that says so. The end of its daemon ends what is left of it. */
async function measure(name: string, measurement: (daemon: Daemon) => Promise<Figure[]>): Promise<Figure[]> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`it took more than ${MOST_SECONDS} seconds`)),
    MOST_SECONDS * 1000,
  );
  try {
    await using daemon = await Daemon.start({ flags: ["--log-level", "error"] });
    return await Promise.race([measurement(daemon), late.promise]);
  } catch (error) {
    return [{ what: name, ours: "", held: false, note: `failed: ${error instanceof Error ? error.message : error}` }];
  } finally {
    clearTimeout(timer);
  }
}

const figures: Figure[] = [];
const load = loadavg()[0] ?? NaN;
for (const [name, measurement] of Object.entries(MEASUREMENTS)) {
  const start = performance.now();
  figures.push(...await measure(name, measurement));
  console.error(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
const table = formatTable(figures);
const host =
  `Measured on Linux ${Deno.osRelease()} with ${availableParallelism()} CPUs by Deno ${Deno.version.deno}; ` +
  `the load average was ${load.toFixed(1)} when it began.`;
console.log(table);
await writePage(`${host}\n\n${table}`);
