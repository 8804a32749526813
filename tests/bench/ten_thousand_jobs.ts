import { jobListSchema } from "../../lib/contract/mod.ts";
import { copyJob } from "../support/copy_job.ts";
import type { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";
import { type Figure, formatMilliseconds, milliseconds } from "./figure.ts";
import { formatMemory, readMemory } from "./memory.ts";

const FEW = 1_000;
const MANY = 10_000;
const TOGETHER = 20;
/** Seconds after which the old jobs are gone: the daemon looks once a minute. */
const PATIENCE = 150;

/** 10,000 short jobs through a daemon that keeps 1,000: what they leave behind in it, and how many a second there are. */
export async function measureShortJobs(daemon: Daemon): Promise<Figure[]> {
  using https = await Https.as(daemon, "alice");
  const first = await run(https, FEW);
  const few = await look(daemon);
  const rest = await run(https, MANY - FEW);
  await until("the old are removed", async () => await listAll(https) <= FEW, PATIENCE);
  const many = await look(daemon);
  const rate = (count: number, took: number) => `${(count / (took / 1000)).toFixed(0)}/s`;
  return [{
    what: `${MANY} jobs of \`true\` from start to end through the API, ${TOGETHER} at a time`,
    ours: rate(MANY, first + rest),
    note: `the first ${FEW}: ${rate(FEW, first)}`,
  }, {
    what: `the daemon after ${MANY} short jobs, of which it keeps ${FEW}, against after the first ${FEW}`,
    ours: `${formatMemory(many.rss)}, ${many.descriptors} descriptors`,
    reference: `${formatMemory(few.rss)}, ${few.descriptors}`,
    ratio: many.rss / few.rss,
    target: "flat: at most 1.2",
    held: many.rss <= few.rss * 1.2 && many.descriptors <= few.descriptors + TOGETHER,
    note: `anonymous ${formatMemory(many.anonymous)} against ${formatMemory(few.anonymous)}; see below`,
  }];
}

/** A daemon that finds 10,000 ended jobs, copies of one: its start, and a list of all. */
export async function measureEndedJobs(daemon: Daemon): Promise<Figure[]> {
  let id: string;
  {
    using https = await Https.as(daemon, "alice");
    id = (await https.wait((await https.start({ command: "echo", args: ["hello"] })).id)).id;
  }
  await daemon.end();
  for (let copy = 1; copy < MANY; copy++) copyJob(daemon.state, id, copy + 1);
  const start = performance.now();
  await daemon.run();
  const listening = performance.now() - start;
  using https = await Https.as(daemon, "alice");
  await https.status("/healthz");
  const healthy = performance.now() - start;
  await https.status(`/v1/jobs/${id}`);
  const adopted = performance.now() - start;
  const listed = await milliseconds(async () => {
    const count = await listAll(https);
    if (count !== MANY) throw new Error(`There are ${count} jobs`);
  });
  const { rss } = await readMemory(daemon.pid);
  return [{
    what: `a daemon's start on ${MANY} ended jobs, from its process to the first answer about a job`,
    ours: formatMilliseconds(adopted),
    target: "under 3 s",
    held: adopted < 3000,
    note: `it listens after ${formatMilliseconds(listening)}; RSS ${formatMemory(rss)} after a list of all`,
  }, {
    what: "the first `/healthz` on a new connection after it listens, meanwhile",
    ours: formatMilliseconds(healthy - listening),
    target: "at once: under 500 ms",
    held: healthy - listening < 500,
  }, { what: `a list of ${MANY} ended jobs, 1000 a page`, ours: formatMilliseconds(listed) }];
}

/** Milliseconds in which so many jobs start and end. */
async function run(https: Https, count: number): Promise<number> {
  let left = count;
  const some = async () => {
    while (left-- > 0) await https.wait((await https.start({ command: "true" })).id);
  };
  return await milliseconds(() => Promise.all(Array.from({ length: TOGETHER }, some)));
}

async function look({ pid }: Daemon): Promise<{ rss: number; anonymous: number; descriptors: number }> {
  // What is done after the answers, such as clearing away, shall not count.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  return { ...await readMemory(pid), descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length };
}

/** Lists all jobs; how many there are. */
async function listAll(https: Https): Promise<number> {
  let count = 0;
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? "" : `&cursor=${cursor}`;
    const page = jobListSchema.parse(await (await https.send("GET", `/v1/jobs?limit=1000${query}`)).json());
    count += page.jobs.length;
    cursor = page.cursor;
  } while (cursor !== null);
  return count;
}
