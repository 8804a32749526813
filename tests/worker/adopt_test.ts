import { join } from "node:path";
import { deepEqual, equal, notEqual, rejects } from "../support/assert.ts";
import { readUptime } from "../../lib/worker/job.ts";
import { type Action, Worker } from "../../lib/worker/mod.ts";
import { until } from "../support/until.ts";
import { canLimit, removeCgroups } from "../support/cgroups.ts";
import { processesWith, runnersEnd, runnersOf, TestWorker } from "./worker.ts";

/** A number of seconds that no other `sleep` on this host has. */
const unique = () => `1000.${crypto.getRandomValues(new Uint32Array(1))[0]}`;

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    // It has ended meanwhile.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

Deno.test("a second worker on the same folder is refused, until the first is closed", async () => {
  await using test = await TestWorker.open();
  const options = { stateFolder: test.state, cgroupRoot: test.cgroupRoot, maxJobs: 1 };
  await rejects(Worker.open(options), /^Error: Cannot use the state folder ".*": another daemon does$/);
  await test.close();
  const worker = await Worker.open(options);
  await rejects(test.open(), /another daemon does/);
  await worker[Symbol.asyncDispose]();
});

Deno.test({
  name: "a second worker on the same cgroup is refused, and leaves the jobs of the first alone",
  ignore: !canLimit,
  fn: async () => {
    await using test = await TestWorker.open();
    const job = await test.start(["sleep", "60"]);
    const options = { stateFolder: join(test.folder, "other"), cgroupRoot: test.cgroupRoot, maxJobs: 1 };
    await rejects(
      Worker.open(options),
      /^Error: Cannot use the cgroup ".*": another daemon does; name .* --cgroup-root$/,
    );
    equal(test.worker.status(job.id).state, "running");
    equal((await test.worker.stop(job.id)).signal, "SIGTERM");
  },
});

Deno.test({
  name: "a job whose cgroup somebody else killed and removed has ended, with its signal",
  ignore: !canLimit,
  fn: async () => {
    await using test = await TestWorker.open();
    const job = await test.start(["sleep", "60"]);
    // Removed before the runner records the end, or after it: the end is the same.
    await removeCgroups(test.cgroupRoot);
    const ended = await test.worker.wait(job.id);
    deepEqual([ended.state, ended.signal], ["signaled", "SIGKILL"]);
  },
});

Deno.test("a worker adopts jobs that run, and misses neither their output nor their end", async () => {
  await using test = await TestWorker.open();
  const gate = join(test.folder, "gate");
  const script = 'echo before; until [ -e "$0" ]; do sleep 0.01; done; echo after; exit 137';
  const job = await test.start(["sh", "-c", script, gate], { name: "example" });
  await test.printed(job.id, "before");
  await test.close();
  await test.open();
  const adopted = test.worker.status(job.id);
  deepEqual([adopted.state, adopted.pid, adopted.startedAt], ["running", job.pid, job.startedAt]);
  const text = test.text(job.id, "stdout", true);
  await Deno.writeTextFile(gate, "");
  const ended = await test.worker.wait(job.id);
  deepEqual([ended.state, ended.exitCode, ended.signal], ["exited", 137, null]);
  equal(await text, "before\nafter\n");
  await rejects(test.start(["true"], { name: "example" }), { refusal: "conflict" });
});

Deno.test("a worker learns of the ends that came while there was none", async () => {
  await using test = await TestWorker.open();
  const gate = join(test.folder, "gate");
  const wait = 'until [ -e "$0" ]; do sleep 0.01; done;';
  const jobs = await Promise.all([
    test.start(["sh", "-c", `${wait} echo bye; exit 3`, gate]),
    test.start(["sh", "-c", `${wait} kill -SEGV $$`, gate]),
    test.start(["sh", "-c", `${wait} head -c 3000000 /dev/zero`, gate]),
  ]);
  await test.close();
  await Deno.writeTextFile(gate, "");
  await until("all runners have ended", () => runnersOf(test.state).length === 0);
  await test.open();
  const ended = jobs.map(({ id }) => test.worker.status(id));
  deepEqual(ended.map(({ state }) => state), ["exited", "signaled", "exited"]);
  deepEqual([ended[0]?.exitCode, ended[1]?.signal], [3, "SIGSEGV"]);
  equal(await test.text(jobs[0].id), "bye\n");
  equal((await test.text(jobs[2].id)).length, 3_000_000);
  // The bells they rang are answered.
  await until("no bell is left", () => [...Deno.readDirSync(join(test.state, "ended"))].length === 0);
});

Deno.test("a worker shows ended jobs as the last did", async () => {
  await using test = await TestWorker.open();
  await test.run(["sh", "-c", "exit 3"], { name: "a", env: { A: "b" } });
  await test.run(["/no/such"]);
  await test.worker.stop((await test.start(["sleep", "1000"])).id);
  const before = await test.worker.list({ limit: 10 });
  await test.close();
  await test.open();
  deepEqual(await test.worker.list({ limit: 10 }), before);
});

Deno.test("closing a worker ends waits and leaves the jobs running", async () => {
  await using test = await TestWorker.open();
  const { id, pid } = await test.start(["sleep", "1000"]);
  const waiting = rejects(test.worker.wait(id), { name: "WorkerError", refusal: "closing" });
  const { worker } = test;
  await test.close();
  await worker[Symbol.asyncDispose]();
  await waiting;
  await until("the program runs", async () => await Deno.readTextFile(`/proc/${pid}/comm`) === "sleep\n");
});

Deno.test("a job whose runner was killed is lost, and its processes are gone", async () => {
  const actions: Action[] = [];
  await using test = await TestWorker.open({ onAction: (action) => actions.push(action) });
  const seconds = unique();
  const { id } = await test.start(["sh", "-c", `sleep ${seconds} & echo ready; wait`]);
  await test.printed(id, "ready");
  for (const pid of runnersOf(test.state, id)) Deno.kill(pid, "SIGKILL");
  const job = await test.worker.wait(id);
  deepEqual([job.state, job.exitCode, job.signal], ["lost", null, null]);
  equal(job.reason, "Its runner ended without a word");
  await until("that is told", () => actions.length > 0);
  deepEqual(actions, [{ kind: "stop", id, owner: "alice", reason: "Its runner ended without a word" }]);
  notEqual(job.endedAt, null);
  equal(await test.text(id, "stdout", true), "ready\n");
  // Without cgroups nobody knows any more which processes were the job's.
  if (canLimit) deepEqual(processesWith(seconds), []);
  else for (const pid of processesWith(seconds)) Deno.kill(pid, "SIGKILL");
});

Deno.test("what a lost job wrote is complete when its end is told", async () => {
  await using test = await TestWorker.open();
  const seconds = unique();
  const script = `echo ready; until [ -e go ]; do sleep 0.01; done; echo more; exec sleep ${seconds}`;
  const { id } = await test.start(["sh", "-c", script], { cwd: test.folder });
  await test.printed(id, "ready");
  const drains = runnersOf(test.state, id).filter((pid) => Deno.readTextFileSync(`/proc/${pid}/comm`) === "dd\n");
  for (const pid of drains) Deno.kill(pid, "SIGSTOP");
  await Deno.writeTextFile(join(test.folder, "go"), "");
  const [pid = 0] = await until("it has written more", () => {
    const found = processesWith(seconds);
    return found.length > 0 ? found : null;
  });
  const text = test.text(id, "stdout", true);
  Deno.kill(JSON.parse(await Deno.readTextFile(join(test.state, "jobs", id, "runner.json"))).pid, "SIGKILL");
  const job = test.worker.wait(id);
  // Without cgroups it is its process group that is killed.
  await until("it is dead", async () => await Deno.stat(`/proc/${pid}`).then(() => false, () => true));
  for (const pid of drains) Deno.kill(pid, "SIGCONT");
  equal((await job).state, "lost");
  equal(await text, "ready\nmore\n");
});

Deno.test("a job whose runner was killed while there was no worker is lost", async () => {
  await using test = await TestWorker.open();
  const { id, pid } = await test.start(["sleep", "1000"]);
  await test.close();
  await until("the runner is gone", () => {
    const runners = runnersOf(test.state, id);
    // Again and again: one that was being made when the others were looked for would live on.
    for (const runner of runners) kill(runner);
    return runners.length === 0;
  });
  await test.open();
  equal(test.worker.status(id).state, "lost");
  if (!canLimit) Deno.kill(pid ?? 0, "SIGKILL");
});

Deno.test("a job that ran when the host was restarted is lost, and says so, whatever a power cut left of its records", async () => {
  await using test = await TestWorker.open();
  const jobs = await Promise.all(Array.from({ length: 4 }, () => test.run(["true"])));
  await test.close();
  const bootId = crypto.randomUUID();
  const [whole, emptied, early, missing] = jobs.map(({ id }) => join(test.state, "jobs", id));
  for (const folder of [whole, emptied, early, missing]) {
    await Deno.remove(`${folder}/ended.json`);
    for (const name of ["spec.json", "runner.json", "started.json"]) {
      const record = JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
      await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify({ ...record, bootId }));
    }
  }
  for (const name of ["started.json", "ended.json"]) await Deno.writeTextFile(`${emptied}/${name}`, "");
  await Deno.writeTextFile(`${early}/runner.json`, "");
  for (const folder of [early, missing]) await Deno.remove(`${folder}/started.json`);
  await Deno.remove(`${missing}/runner.json`);
  await test.open();
  for (const { id } of jobs) {
    const job = test.worker.status(id);
    deepEqual([job.state, job.reason], ["lost", "The host was restarted while it ran"]);
  }
});

Deno.test("a job whose record is torn is set aside, its files are kept, and the others are there", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.run(["echo", "x"]);
  const { id: other } = await test.run(["true"]);
  await test.close();
  await Deno.writeTextFile(join(test.state, "jobs", id, "spec.json"), '{"format":1,');
  await test.open();
  deepEqual((await test.worker.list({ limit: 10 })).jobs.map((job) => job.id), [other]);
  await runnersEnd(test.state);
  await until("its record and logs are left", () => test.filesOf(id).length === 3);
});

Deno.test("what belongs to no job is swept away, what is nobody's business stays", async () => {
  await using test = await TestWorker.open();
  await test.close();
  const output = (name: string) => join(test.state, "output", name);
  const orphan = `${crypto.randomUUID()}.stdout`;
  for (const name of [orphan, "notes.txt"]) await Deno.writeTextFile(output(name), "");
  await Deno.mkdir(join(test.state, "jobs", crypto.randomUUID()));
  await test.open();
  deepEqual([...Deno.readDirSync(join(test.state, "output"))].map(({ name }) => name), ["notes.txt"]);
  deepEqual([...Deno.readDirSync(join(test.state, "jobs"))], []);
});

Deno.test("a stop that the next worker goes on with sends no second signal", async () => {
  const actions: Action[] = [];
  await using test = await TestWorker.open({ onAction: (action) => actions.push(action) });
  const script = "trap 'echo hup' HUP; trap 'echo term; exit 1' TERM; echo ready; while :; do sleep 0.01; done";
  const { id } = await test.start(["sh", "-c", script]);
  await test.printed(id, "ready");
  const stop = test.worker.stop(id, { signal: "SIGHUP", graceSeconds: 3600 }).catch(() => {});
  await test.printed(id, "hup");
  await test.close();
  await stop;
  // Long enough for a second signal to be heard, if there were one.
  await test.rewrite(id, "stop.json", { killAtUptime: readUptime() + 2 });
  await test.open();
  const job = await test.worker.wait(id);
  deepEqual([job.state, job.signal], ["stopped", "SIGKILL"]);
  equal(await test.text(id), "ready\nhup\n");
  const reason = "It was to be stopped, and the daemon ended before it had";
  deepEqual(actions, [{ kind: "stop", id, owner: "alice", reason }]);
});

Deno.test("of a job that no runner came to run nothing is left", async () => {
  await using test = await TestWorker.open();
  const jobs = [await test.run(["true"]), await test.run(["true"], { name: "a", idempotencyKey: "k" })];
  await test.close();
  await runnersEnd(test.state);
  const [emptied, removed] = jobs.map(({ id }) => join(test.state, "jobs", id));
  for (const folder of [emptied, removed]) {
    for (const name of ["ended.json", "started.json"]) await Deno.remove(`${folder}/${name}`);
  }
  // One died as it claimed the job; to the other its daemon did not come.
  await Deno.writeTextFile(`${emptied}/runner.json`, "");
  await Deno.remove(`${removed}/runner.json`);
  await test.open();
  for (const { id } of jobs) {
    await rejects(test.worker.wait(id), { refusal: "unknown" });
    // The bell of its end, which this worker does not know, is answered a moment after the start.
    await until("nothing is left", () => test.filesOf(id).length === 0);
  }
  // Who asks again gets it.
  equal((await test.run(["true"], { name: "a", idempotencyKey: "k" })).exitCode, 0);
});

Deno.test("a worker that dies as it removes a job that never ran leaves none that is damaged", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.run(["true"]);
  await test.close();
  await runnersEnd(test.state);
  const folder = join(test.state, "jobs", id);
  for (const name of ["ended.json", "started.json"]) await Deno.remove(join(folder, name));
  await Deno.writeTextFile(join(folder, "runner.json"), "");
  // It comes to the first file alone.
  const { remove } = Deno;
  Deno.remove = async (path) => {
    await remove(join(`${path}`, "spec.json")).catch(() => {});
    throw new Error("It is dead");
  };
  try {
    await test.open();
  } finally {
    Deno.remove = remove;
  }
  await test.close();
  await test.open();
  deepEqual(await test.worker.list({ limit: 10 }), { jobs: [], damaged: [], cursor: null });
  await until("nothing is left", () => test.filesOf(id).length === 0);
});

Deno.test("a running job whose record cannot be read is set aside and left alone", async () => {
  await using test = await TestWorker.open();
  const { id, pid } = await test.start(["sleep", "1000"]);
  await test.close();
  const path = join(test.state, "jobs", id, "spec.json");
  const spec = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, spec.replace('"format":1', '"format":2'));
  await test.open();
  deepEqual((await test.worker.list({ limit: 10 })).jobs, []);
  equal(await Deno.stat(`/proc/${pid}`).then(() => true, () => false), true);
  await test.close();
  await Deno.writeTextFile(path, spec);
  await test.open();
  equal(test.worker.status(id).state, "running");
});

Deno.test("Recovery: record of 0.1.0 tells no stop scope → main process alone is signalled", async () => {
  await using test = await TestWorker.open();
  const child = 'trap "echo term" TERM; echo ready; while :; do sleep 0.02; done';
  const { id } = await test.start(["sh", "-c", 'sh -c "$0" & exec sleep 1000', child]);
  await test.printed(id, "ready");
  await test.close();
  await test.rewrite(id, "spec.json", { stopScope: undefined });
  await test.open();
  const { state, signal, stopScope } = await test.worker.stop(id, { graceSeconds: 3600 });
  deepEqual({ state, signal, stopScope }, { state: "stopped", signal: "SIGTERM", stopScope: "main" });
  equal(await test.text(id), "ready\n");
});

/** Counts its signals, and does not end by them. */
const COUNTING = ["sh", "-c", "trap 'echo term' TERM; trap 'echo usr' USR1; echo ready; while :; do sleep 0.02; done"];

Deno.test("Stop: same key after a restart → no second signal, kill not put off", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(COUNTING);
  await test.printed(id, "ready");
  const stop = (idempotencyKey: string, more = {}) => {
    const stopped = test.worker.stop(id, { graceSeconds: 3600, idempotencyKey, ...more });
    return stopped.then(({ state }) => state, () => "closing");
  };
  const note = async () => await Deno.readTextFile(join(test.state, "jobs", id, "stop.json"));
  const first = stop("one");
  await test.printed(id, "ready\nterm\n");
  const noted = await note();
  await test.close();
  equal(await first, "closing");
  await test.open();
  const again = [stop("one"), stop("one")];
  // A request of another key, and one of the same key for another signal, are other requests.
  const other = stop("one", { signal: "SIGUSR1" });
  await test.printed(id, "ready\nterm\nusr\n");
  equal(JSON.parse(await note()).killAtUptime, JSON.parse(noted).killAtUptime);
  const second = stop("two");
  await test.printed(id, "ready\nterm\nusr\nterm\n");
  equal(await stop("three", { graceSeconds: 0.1, signal: "SIGUSR1" }), "stopped");
  deepEqual(await Promise.all([...again, other, second]), Array(4).fill("stopped"));
  equal((await test.text(id)).match(/term/g)?.length, 2);
});

Deno.test("Timeout: restart in its grace → no second signal, kill not put off", async () => {
  let told = 0;
  await using test = await TestWorker.open({ onAction: () => told++ });
  const { id } = await test.start(COUNTING, { timeoutSeconds: 1 });
  await test.printed(id, "term");
  const note = async () => await Deno.readTextFile(join(test.state, "jobs", id, "timeout.json"));
  const noted = await note();
  for (const times of [2, 3]) {
    await test.close();
    await test.open();
    await until("the next worker goes on with it", () => told === times);
  }
  await test.close();
  equal(await note(), noted);
  await test.open();
  equal(await test.text(id), "ready\nterm\n");
});
