/** Measures the sizes that must hold and writes them to docs/performance.md: `deno task bench`. */
import { availableParallelism, loadavg } from "node:os";
import { Daemon } from "../support/daemon.ts";
import { measureBinaries } from "./binaries.ts";
import type { Figure } from "./figure.ts";
import { measureFollowers } from "./follow.ts";
import { measureJobs } from "./jobs.ts";
import { formatTable, writePage } from "./page.ts";
import { measureReading } from "./read_log.ts";
import { measureRequests } from "./requests.ts";
import { measureSsh } from "./ssh.ts";
import { measureLimits, measureStart } from "./start.ts";
import { measureEndedJobs, measureShortJobs } from "./ten_thousand_jobs.ts";
import { measureWriting } from "./write_log.ts";

/** Something to be measured. */
interface Measurement {
  readonly run: (daemon: Daemon) => Promise<Figure[]>;
  /** The daemon's, besides what all have. */
  readonly flags?: readonly string[];
  readonly mostSeconds?: number;
}

/** Each with a daemon of its own, so that none pays for what another left in memory. */
const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  "start": { run: measureStart },
  "ssh": { run: measureSsh },
  "binaries": { run: measureBinaries },
  "limits": { run: measureLimits },
  "reading": { run: measureReading },
  "writing": { run: measureWriting },
  "1 follower": { run: measureFollowers(1, 32) },
  "10 followers": { run: measureFollowers(10, 32) },
  "100 followers": { run: measureFollowers(100, 32) },
  "500 followers": { run: measureFollowers(500, 8) },
  "jobs": { run: measureJobs },
  "requests": { run: measureRequests },
  "short jobs": { run: measureShortJobs, flags: ["--keep-jobs", "1000"], mostSeconds: 900 },
  "ended jobs": { run: measureEndedJobs, flags: ["--keep-jobs", "100000"] },
};
const MOST_SECONDS = 120;

/** A measurement; one that fails or takes too long is a figure that says so. The end of its daemon ends what is left of it. */
async function measure(name: string, measurement: Measurement): Promise<Figure[]> {
  const { run, flags = [], mostSeconds = MOST_SECONDS } = measurement;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`it took more than ${mostSeconds} seconds`)),
    mostSeconds * 1000,
  );
  try {
    await using daemon = await Daemon.start({ flags: ["--log-level", "error", "--audit-log", "/dev/null", ...flags] });
    return await Promise.race([run(daemon), late.promise]);
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
