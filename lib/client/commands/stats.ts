import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, flag } from "@optique/core/primitives";
import { each, repeated } from "../../base/join_repeated.ts";
import { hasEnded, type Job } from "../../contract/mod.ts";
import { CONCURRENT_REQUESTS, mapConcurrently } from "../concurrently.ts";
import { fitScreen } from "../fit_screen.ts";
import { describeState, formatTable } from "../format.ts";
import type { Session } from "../session.ts";
import { clean, obeysEscapes, print, printJson } from "../terminal.ts";
import { formatDuration, formatSize } from "../../contract/units.ts";
import { allJobs } from "./list.ts";
import { known } from "../values.ts";
import { LOOKED_AT } from "./status.ts";

/** `teleworker stats`. */
export const statsCommand = command(
  "stats",
  object({
    verb: constant("stats"),
    once: withDefault(flag("--once", { description: message`Show it once.` }), false),
    jobs: repeated(argument(each(known("JOB", "<running jobs>", "backup")), { description: LOOKED_AT })),
  }),
  {
    brief: message`Show what running jobs use, again every second.`,
    description:
      message`Without JOB all running jobs. With --output json a line for each job each time; a table is printed once where no terminal can draw it again. One that is larger than the terminal is cut.`,
    footer: message`Example: teleworker stats --once backup`,
  },
);

/** Milliseconds between two looks. */
const PERIOD = 1000;
/** Cursor home, and erase to the end of the screen (ECMA-48). */
const HOME = "\x1b[H\x1b[J";

/** Shows usage until the jobs named have ended, or until interrupted. */
export async function stats(flags: InferValue<typeof statsCommand>, { api, terminal }: Session): Promise<number> {
  const ids = (await api.findAll(flags.jobs, "read")).map(({ id }) => id);
  const again = !flags.once && (terminal.json || obeysEscapes());
  let earlier = new Map<string, Sample>();
  for (;;) {
    const jobs = ids.length > 0
      ? await mapConcurrently(ids, CONCURRENT_REQUESTS, (id) => api.job(id))
      : (await allJobs(api, "running")).jobs;
    const now = new Map(jobs.map((job) => [job.id, sampleOf(job)]));
    if (terminal.json) { for (const job of jobs) await printJson(job); }
    else {
      const table = formatTable([HEAD, ...jobs.map((job) => formatRow(job, now.get(job.id), earlier.get(job.id)))]);
      // The size each time, for a user may change it.
      await print(again ? HOME + fitScreen(table, Deno.consoleSize()).join("\n") : table.join("\n"));
    }
    if (!again || (ids.length > 0 && jobs.every(hasEnded))) return 0;
    earlier = now;
    await new Promise((resolve) => setTimeout(resolve, PERIOD));
  }
}

/** CPU seconds used in so many seconds of running. */
interface Sample {
  readonly cpu: number | null;
  readonly ran: number;
}

function sampleOf({ usage, durationSeconds }: Job): Sample {
  return { cpu: usage.cpuSeconds, ran: durationSeconds ?? 0 };
}

const HEAD = [
  "ID",
  "NAME",
  "STATE",
  "CPU",
  "CPU TIME",
  "THROTTLED",
  "MEMORY",
  "PEAK",
  "READ",
  "WRITTEN",
  "PROCESSES",
  "MOST",
];

function formatRow(job: Job, now: Sample | undefined, earlier: Sample | undefined): string[] {
  const { usage } = job;
  const show = (value: number | null, format: (value: number) => string) => value === null ? "-" : format(value);
  return [
    job.id.slice(0, 8),
    clean(job.name ?? "-"),
    describeState(job),
    show(now === undefined ? null : cpuShare(now, earlier), (share) => `${Math.round(share * 100)}%`),
    show(usage.cpuSeconds, formatDuration),
    show(usage.cpuThrottledSeconds, formatDuration),
    show(usage.memoryBytes, formatSize),
    show(usage.memoryPeakBytes, formatSize),
    show(usage.readBytes, formatSize),
    show(usage.writtenBytes, formatSize),
    show(usage.processes, String),
    show(usage.processesPeak, String),
  ];
}

/** Cores in use since the earlier sample; since the start where there is none. */
function cpuShare(now: Sample, earlier: Sample = { cpu: 0, ran: 0 }): number | null {
  if (now.cpu === null || earlier.cpu === null || now.ran <= earlier.ran) return null;
  return (now.cpu - earlier.cpu) / (now.ran - earlier.ran);
}
