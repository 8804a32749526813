import { join } from "node:path";
import { equal, ok } from "../support/assert.ts";
import { type Job, jobSchema } from "../../lib/contract/mod.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";
import { allGone, fifosOfJobs, nothingIsLeft } from "./support/left_behind.ts";
import { type Numbered, textOf, toRequest } from "./support/numbered.ts";
import { PoorDaemon, type Resource } from "./support/poor_daemon.ts";
import type { Random } from "./support/random.ts";
import type { Case } from "./support/suite.ts";

/** Milliseconds after which a start that got no answer hangs. Where `sh` is bash, that tries each fork for 15 seconds. */
const HANGS = 60_000;
/** So many more than are in use: none at all, or enough for a start to get some way, from the least to the most. */
const MORE = [[0, 0], [1, 3], [4, 6], [7, 12]] as const;

const impossible = Deno.uid() === 0 ? null : "only root may run a daemon as somebody else";

/** The kernel gives no more processes. */
export const noProcesses: Case = {
  name: "a start that finds no process is refused clearly, and everybody else is served",
  impossible,
  run: async (random) => await runOut("nproc", random),
};

/** The daemon may open no more files. */
export const noDescriptors: Case = {
  name: "a start that finds no descriptor is refused clearly, and everybody else is served",
  impossible,
  run: async (random) => await runOut("nofile", random),
};

async function runOut(resource: Resource, random: Random): Promise<void> {
  await using folder = await TemporaryFolder.create();
  await Deno.chmod(folder.path, 0o777);
  await using poor = await PoorDaemon.start(random.between(61_000, 64_000));
  const { daemon } = poor;
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "bob");
  const mark = crypto.randomUUID();
  const program: Numbered = {
    ...{ lines: 100_000, burst: 10, nap: 0.1, width: 32, ending: "stays" },
    marker: join(folder.path, "started"),
  };
  const running = await bob.start(toRequest(program, mark));
  // A new connection takes descriptors too.
  equal(await alice.status("/healthz"), 200);
  const started: Job[] = [];
  for (const [least, most] of MORE) {
    const more = random.between(least, most);
    await poor.allow(resource, more);
    const job = await tryToStart(alice, `with ${more} more by ${resource}`);
    if (job !== null) started.push(job);
    await output(bob, running.id, program);
  }
  await poor.allow(resource, null);

  for (const { id } of started) {
    const { state, exitCode, reason } = await alice.wait(id);
    // The runner itself had to live with so little.
    const told = (state === "failed" || state === "lost") && reason !== null;
    ok(told || exitCode === 0, `The job ${id} is ${JSON.stringify({ state, exitCode, reason })}`);
  }
  using afresh = await Https.as(daemon, "alice");
  const last = await afresh.start({ command: "true" });
  equal((await afresh.wait(last.id)).exitCode, 0);
  const before = await until("the running job is shown", () => output(bob, running.id, program));
  await until("the running job has written more", async () => await output(bob, running.id, program) !== before);
  await allGone("FIFOs", () => fifosOfJobs(daemon.state).filter((path) => !path.startsWith(running.id)));
  equal((await bob.job(await bob.send("POST", `/v1/jobs/${running.id}/stop`, {}))).state, "stopped");
  for (const { id } of [...started, last]) await remove(alice, id);
  await remove(bob, running.id);
  await nothingIsLeft(daemon, mark);
}

/** The job that a start made, failed or not; null when it was refused. */
async function tryToStart(https: Https, about: string): Promise<Job | null> {
  const { status, text } = await inTime(about, async () => {
    const response = await https.send("POST", "/v1/jobs", { command: "true" });
    return { status: response.status, text: await response.text() };
  });
  ok(status === 201 || status === 503, `A start ${about} got ${status}: ${text}`);
  if (status === 503) return null;
  const job = jobSchema.parse(JSON.parse(text));
  ok(job.state !== "failed" || job.reason !== null, `A start ${about} failed without a reason`);
  return job;
}

async function inTime<T>(about: string, action: () => Promise<T>): Promise<T> {
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => over.reject(new Error(`A start ${about} got no answer`)), HANGS);
  const result = action();
  result.catch(() => {});
  try {
    return await Promise.race([result, over.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a running job has written until now; null when its user, for want of a descriptor to look with, is told to come again. */
async function output(https: Https, id: string, program: Numbered): Promise<string | null> {
  for (const path of [`/v1/jobs/${id}`, `/v1/jobs/${id}/stdout`]) {
    const response = await https.send("GET", path);
    const text = await response.text();
    if (response.status === 503) return null;
    equal(response.status, 200, text);
    if (!path.endsWith("stdout")) equal(jobSchema.parse(JSON.parse(text)).state, "running");
    else if (textOf(program, "stdout").startsWith(text)) return text;
  }
  throw new Error("The running job's output is not as written");
}

async function remove(https: Https, id: string): Promise<void> {
  const response = await https.send("DELETE", `/v1/jobs/${id}`);
  const text = await response.text();
  equal(response.status, 204, text);
}
