import { join } from "node:path";
import { z } from "zod";
import { deepEqual, equal, ok } from "../support/assert.ts";
import type { Job } from "../../lib/contract/mod.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";
import { pause } from "./support/ask.ts";
import { checkGaps } from "./support/gaps.ts";
import { allGone, filesOfJobs, nothingIsLeft, processesWithVariable } from "./support/left_behind.ts";
import { MARK, type Numbered, textOf, toRequest } from "./support/numbered.ts";
import type { Random } from "./support/random.ts";
import { SmallDisk } from "./support/small_disk.ts";
import type { Case } from "./support/suite.ts";

const STREAMS = ["stdout", "stderr"] as const;
/** Clock ticks a second in proc_pid_stat(5); the kernel shows 100 to every program. */
const TICKS = 100;

const gapsSchema = z.object({ stdout: z.array(z.int()), stderr: z.array(z.int()) }).default({ stdout: [], stderr: [] });

/** The disk that holds the state fills while jobs write. */
export const diskFull: Case = {
  name: "a full disk blocks jobs that write, refuses new ones, and loses no more than the marked gaps",
  impossible: Deno.uid() === 0 ? null : "only root may mount a disk to fill",
  run: async (random) => {
    await using folder = await TemporaryFolder.create();
    await using disk = await SmallDisk.mount(32);
    await Deno.mkdir(disk.path);
    await using daemon = await Daemon.start({ state: join(disk.path, "state") });
    using https = await Https.as(daemon, "alice");
    const start = async (program: Numbered, mark: string) => ({
      program,
      job: await https.start(toRequest(program, mark)),
    });
    const mark = crypto.randomUUID();
    const writers = await Promise.all(
      Array.from({ length: 3 }, (_, n) => start(writer(random, join(folder.path, `${n}`)), mark)),
    );
    const doomed = await start({ ...writer(random, join(folder.path, "doomed")), ending: "stays" }, `${mark}-doomed`);
    const ended = await start({ ...writer(random, join(folder.path, "ended")), lines: 1 }, mark);
    await https.wait(ended.job.id);
    await until("every job has written", () => writers.every(({ job }) => written(daemon, job) > 0));

    await disk.fill();
    await standsStill(daemon, writers.map(({ job }) => job));
    await staysCalm(daemon);
    await refusesStarts(daemon, https);
    for (const { job } of writers) {
      ok(processesWithVariable(MARK, mark).includes(job.pid ?? 0), `A full disk ended the process of job ${job.id}`);
      equal((await status(https, job)).state, "running", "A full disk ended a job");
    }
    const stopped = https.send("POST", `/v1/jobs/${doomed.job.id}/stop`, { graceSeconds: 1 });
    // If only its end cannot be recorded before there is space.
    await allGone("processes of the job that was stopped", () => processesWithVariable(MARK, `${mark}-doomed`));
    await removed(https, ended.job);
    equal((await https.send("GET", "/healthz").then(async (answer) => await answer.json())).status, "ok");

    await disk.free();
    const { state, exitCode, signal } = await https.job(await stopped);
    // On a full disk the note of who wanted its end may not be kept.
    const told = JSON.stringify({ state, exitCode, signal });
    ok((state === "stopped" || state === "signaled") && signal !== null, `The job that was stopped is ${told}`);
    for (const { job, program } of writers) await isWhole(https, job, program);
    const last = await https.start({ command: "true" });
    equal((await https.wait(last.id)).exitCode, 0);
    for (const job of [...writers.map(({ job }) => job), doomed.job, last]) await removed(https, job);
    await nothingIsLeft(daemon, mark);
  },
};

/** Some megabytes in some seconds, bounded. */
function writer(random: Random, marker: string): Numbered {
  return { lines: 20_000, burst: random.between(200, 400), nap: 0.05, width: 100, ending: { code: 5 }, marker };
}

/** Bytes of both logs. */
function written({ state }: Daemon, { id }: Job): number {
  return STREAMS.reduce((sum, stream) => sum + Deno.statSync(join(state, "output", `${id}.${stream}`)).size, 0);
}

/** Waits until no log has grown for a while. */
async function standsStill(daemon: Daemon, jobs: readonly Job[]): Promise<void> {
  const size = () => jobs.reduce((sum, job) => sum + written(daemon, job), 0);
  await until("nothing is written any more", async () => {
    const before = size();
    await pause(500);
    return size() === before;
  });
}

/** Watches the daemon for a while: it must not be busy with a disk that it cannot use. */
async function staysCalm(daemon: Daemon): Promise<void> {
  const [busy, lines, begin] = [cpuSeconds(daemon.pid), daemon.log.split("\n").length, performance.now()];
  await pause(3_000);
  const seconds = (performance.now() - begin) / 1000;
  const used = cpuSeconds(daemon.pid) - busy;
  ok(used < seconds / 3, `The daemon used ${used} s of CPU time in ${seconds} s on a full disk`);
  const more = daemon.log.split("\n").length - lines;
  ok(more <= 5 * seconds, `The daemon logged ${more} lines in ${seconds} s on a full disk: ${daemon.log.slice(-500)}`);
}

function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function refusesStarts(daemon: Daemon, https: Https): Promise<void> {
  const before = filesOfJobs(daemon.state);
  const response = await https.send("POST", "/v1/jobs", { command: "true" });
  const text = await response.text();
  equal(response.status, 507, text);
  deepEqual(filesOfJobs(daemon.state), before);
}

async function removed(https: Https, { id }: Job): Promise<void> {
  const response = await https.send("DELETE", `/v1/jobs/${id}`);
  const text = await response.text();
  equal(response.status, 204, text);
  equal(await https.status(`/v1/jobs/${id}`), 404);
}

async function status(https: Https, { id }: Job): Promise<Job> {
  return await https.job(await https.send("GET", `/v1/jobs/${id}`));
}

async function isWhole(https: Https, { id }: Job, program: Numbered): Promise<void> {
  const ended = await https.wait(id);
  const { state, exitCode, signal } = ended;
  deepEqual({ state, exitCode, signal }, { state: "exited", exitCode: 5, signal: null });
  const gaps = gapsSchema.parse(ended.gaps);
  for (const stream of STREAMS) {
    const response = await https.send("GET", `/v1/jobs/${id}/${stream}`);
    checkGaps(await response.text(), textOf(program, stream), gaps[stream]);
  }
}
