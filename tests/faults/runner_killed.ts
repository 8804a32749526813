import { join } from "node:path";
import { deepEqual, equal, ok } from "../support/assert.ts";
import type { Job } from "../../lib/contract/mod.ts";
import { canLimit } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";
import { runnersOf } from "../worker/worker.ts";
import { difference } from "./support/check.ts";
import { allGone, nothingIsLeft, processesWithVariable } from "./support/left_behind.ts";
import { MARK, type Numbered, textOf, toRequest } from "./support/numbered.ts";
import type { Random } from "./support/random.ts";
import type { Case } from "./support/suite.ts";

/** A job, what it writes, and the value of {@linkcode MARK} that is its alone. */
interface Victim {
  readonly job: Job;
  readonly program: Numbered;
  readonly mark: string;
}

/** Runners, and the drains of jobs' output, are killed, with the daemon there and without. */
export const runnerKilled: Case = {
  name: "a job whose runner or drain is killed is ended and told of, and no other is touched",
  run: async (random) => {
    await using folder = await TemporaryFolder.create();
    await using daemon = await Daemon.start();
    using https = await Https.as(daemon, "alice");
    const jobs = await Promise.all(
      Array.from({ length: 12 }, (_, index) => begin(https, join(folder.path, String(index)))),
    );
    const [first = [], second = [], drained = []] = split(random.sample(jobs, 9), 3);
    const others = jobs.filter((job) => ![...first, ...second, ...drained].includes(job));
    await Promise.all(jobs.map(({ job }) => wrote(https, job)));

    killRunners(daemon, first);
    await Promise.all(first.map((victim) => isLost(https, victim)));
    killDrains(daemon, drained, random);
    await daemon.end("SIGKILL");
    killRunners(daemon, second);
    await daemon.run();
    await Promise.all(second.map((victim) => isLost(https, victim)));
    for (const { job } of drained) {
      const { state } = await until(`job ${job.id} without a drain has ended`, () => https.wait(job.id));
      ok(["exited", "signaled"].includes(state), `The job ${job.id} without a drain is ${state}`);
    }
    await Promise.all(others.map((other) => isWhole(https, other)));
    for (const { job, mark } of jobs) {
      const { status, body } = await https.send("DELETE", `/v1/jobs/${job.id}`);
      await body?.cancel();
      equal(status, 204);
      // Without cgroups nobody knows any more which processes a lost job had.
      if (!canLimit) { for (const pid of processesWithVariable(MARK, mark)) Deno.kill(pid, "SIGKILL"); }
      await nothingOf(mark);
    }
    await nothingIsLeft(daemon, "");
  },
};

async function begin(https: Https, path: string): Promise<Victim> {
  const program: Numbered = { lines: 800, burst: 10, nap: 0.1, width: 64, ending: { code: 7 }, marker: path };
  const mark = crypto.randomUUID();
  return { program, mark, job: await https.start(toRequest(program, mark)) };
}

function split<T>(values: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, n) => values.slice(n * size, (n + 1) * size));
}

async function wrote(https: Https, { id }: Job): Promise<void> {
  await until(`job ${id} has written`, async () => (await read(https, id, "stdout")).length > 0);
}

async function read(https: Https, id: string, stream: "stdout" | "stderr"): Promise<string> {
  const response = await https.send("GET", `/v1/jobs/${id}/${stream}`);
  equal(response.status, 200);
  return await response.text();
}

/** Kills the processes of jobs' runners that are this program by their command line. */
function killRunners({ state }: Daemon, victims: readonly Victim[]): void {
  for (const { job } of victims) {
    const runners = runnersOf(state, job.id).filter((pid) => wordsOf(pid)[1]?.endsWith("/runner.sh"));
    ok(runners.length > 0, `The job ${job.id} has no runner`);
    for (const pid of runners) Deno.kill(pid, "SIGKILL");
  }
}

function killDrains({ state }: Daemon, victims: readonly Victim[], random: Random): void {
  for (const { job } of victims) {
    const drains = runnersOf(state, job.id).filter((pid) => ["cat", "dd"].includes(wordsOf(pid)[0] ?? ""));
    ok(drains.length > 0, `The job ${job.id} has no drain`);
    for (const pid of random.sample(drains, random.between(1, drains.length))) Deno.kill(pid, "SIGKILL");
  }
}

function wordsOf(pid: number): string[] {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0");
  } catch {
    // It has ended.
    return [];
  }
}

async function isLost(https: Https, { job: { id }, program, mark }: Victim): Promise<void> {
  const { state, reason, pid } = await https.wait(id);
  deepEqual([state, pid], ["lost", null]);
  ok(reason !== null && reason !== "", `The lost job ${id} has no reason`);
  for (const stream of ["stdout", "stderr"] as const) {
    const [text, whole] = [await read(https, id, stream), textOf(program, stream)];
    ok(text !== "" && whole.startsWith(text), `The lost job ${id} has a wrong ${stream}: ${difference(text, whole)}`);
  }
  if (canLimit) await nothingOf(mark);
}

async function nothingOf(mark: string): Promise<void> {
  await allGone("processes of a job", () => processesWithVariable(MARK, mark));
}

async function isWhole(https: Https, { job, program }: Victim): Promise<void> {
  const { state, exitCode, reason } = await https.wait(job.id);
  deepEqual({ state, exitCode, reason }, { state: "exited", exitCode: 7, reason: null });
  for (const stream of ["stdout", "stderr"] as const) {
    const [text, whole] = [await read(https, job.id, stream), textOf(program, stream)];
    ok(text === whole, `The other job ${job.id} has a wrong ${stream}: ${difference(text, whole)}`);
  }
}
