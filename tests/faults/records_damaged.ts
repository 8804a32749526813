import { join } from "node:path";
import { z } from "zod";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { type Job, jobListSchema } from "../../lib/contract/mod.ts";
import { canLimit } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";
import { type Damage, damage } from "./support/damage.ts";
import { allGone, filesOfJobs, nothingIsLeft, processesWithVariable } from "./support/left_behind.ts";
import { MARK } from "./support/numbered.ts";
import type { Random } from "./support/random.ts";
import type { Case } from "./support/suite.ts";

const ROUNDS = 5;

const damagedSchema = z.array(z.looseObject({ id: z.string(), reason: z.string().min(1) })).default([]);

/** What can be compared of a job before and after: not what it uses, which grows. */
type Look = Pick<Job, "id" | "state" | "pid" | "exitCode" | "signal" | "reason" | "command" | "args" | "owner">;

/** Records are torn, overwritten and replaced while the daemon is away. */
export const recordsDamaged: Case = {
  name: "jobs with damaged records are reported and can be removed, all others are served",
  run: async (random) => {
    for (let round = 0; round < ROUNDS; round++) await damageSome(random);
  },
};

async function damageSome(random: Random): Promise<void> {
  await using aside = await TemporaryFolder.create();
  await using daemon = await Daemon.start();
  using https = await Https.as(daemon, "root");
  const mark = crypto.randomUUID();
  const start = (...args: string[]) => https.start({ command: "sh", args: ["-c", ...args], env: { [MARK]: mark } });
  const running = await Promise.all(Array.from({ length: 5 }, () => start("echo ready; exec sleep 1000")));
  const ended = await Promise.all(Array.from({ length: 8 }, (_, code) => start(`exit ${code}`)));
  for (const { id } of ended) await https.wait(id);
  const before = new Map((await list(https)).jobs.map((job) => [job.id, job]));

  await daemon.end("SIGKILL");
  const victims = [...random.sample(running, 2), ...random.sample(ended, 3)];
  const damages: Damage[] = [];
  for (const { id } of victims) damages.push(await damage(join(daemon.state, "jobs"), id, aside.path, random));
  await comesUp(daemon, describe(damages, before));

  try {
    const { jobs, damaged } = await list(https);
    const after = new Map(jobs.map((job) => [job.id, job]));
    for (const [id, look] of before) {
      const harm = damages.find((damage) => damage.id === id);
      if (harm === undefined) deepEqual(after.get(id), look, "A job that was not damaged is not as before");
      else checkDamaged(harm, look, after.get(id), damaged.includes(id));
    }
    await removeAll(daemon, https, [...before.keys()], mark);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason}\nAfter ${describe(damages, before)}\n${daemon.log.slice(-1000)}`, { cause: error });
  }
  for await (const { name } of Deno.readDir(aside.path)) {
    ok((await Deno.stat(join(aside.path, name))).size > 0, "What a link led to was changed");
  }
}

/** Runs the daemon; one that reads a FIFO would wait for ever. */
async function comesUp(daemon: Daemon, damages: string): Promise<void> {
  let over = false;
  const running = daemon.run().finally(() => over = true);
  running.catch(() => {});
  try {
    await until("the daemon is up again", () => over);
    await running;
  } catch (error) {
    await daemon.end("SIGKILL");
    await running.catch(() => {});
    throw new Error(`The daemon did not come up after ${damages}: ${daemon.log.slice(-500)}`, {
      cause: error,
    });
  }
}

function checkDamaged(harm: Damage, before: Look, after: Look | undefined, reported: boolean): void {
  const about = `The job ${harm.id} that was ${before.state}, whose ${harm.file} is ${harm.kind},`;
  ok(after !== undefined || reported, `${about} is neither listed nor reported as damaged`);
  if (after !== undefined && !reported && !harm.unseen) deepEqual(after, before, `${about} is not as before`);
}

async function list(https: Https): Promise<{ jobs: Look[]; damaged: string[] }> {
  const response = await https.send("GET", "/v1/jobs?limit=1000");
  equal(response.status, 200);
  const { jobs, damaged } = jobListSchema.parse(await response.json());
  return { jobs: jobs.map(look), damaged: damagedSchema.parse(damaged).map(({ id }) => id) };
}

function look({ id, state, pid, exitCode, signal, reason, command, args, owner }: Job): Look {
  return { id, state, pid, exitCode, signal, reason, command, args, owner };
}

async function removeAll(
  daemon: Daemon,
  https: Https,
  ids: readonly string[],
  mark: string,
): Promise<void> {
  for (const id of ids) {
    const response = await https.send("DELETE", `/v1/jobs/${id}`);
    const text = await response.text();
    equal(response.status, 204, `The job ${id} cannot be removed: ${text}`);
    deepEqual(filesOfJobs(daemon.state).filter((name) => name.includes(id)), []);
  }
  // Without cgroups nobody knows which processes a job had whose record cannot be read.
  if (!canLimit) { for (const pid of processesWithVariable(MARK, mark)) Deno.kill(pid, "SIGKILL"); }
  await allGone("processes of jobs", () => processesWithVariable(MARK, mark));
  await nothingIsLeft(daemon, mark);
}

function describe(damages: readonly Damage[], before: ReadonlyMap<string, Look>): string {
  return damages.map(({ id, file, kind }) => `${file} of ${before.get(id)?.state} ${id} was ${kind}`).join(", ");
}
