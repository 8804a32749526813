import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deepEqual, equal, rejects } from "../support/assert.ts";
import type { Job } from "../../lib/worker/mod.ts";
import { until } from "../support/until.ts";
import { TestWorker } from "./worker.ts";

const endOf = ({ state, exitCode, signal, reason }: Job) => ({ state, exitCode, signal, reason });

/** Ignores what it can; says so. */
const STUBBORN = ["sh", "-c", "trap '' TERM INT HUP; echo ready; while :; do sleep 1000; done"];

Deno.test("stop ends a job by SIGTERM, and keeps the signal", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sleep", "1000"]);
  const stopped = { state: "stopped", exitCode: null, signal: "SIGTERM", reason: null };
  deepEqual(endOf(await test.worker.stop(id)), stopped);
  deepEqual(endOf(test.worker.status(id)), stopped);
});

Deno.test("stop lets a job end in order, and keeps its code", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start([
    "sh",
    "-c",
    "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done",
  ]);
  await test.printed(id, "ready");
  deepEqual(endOf(await test.worker.stop(id)), { state: "stopped", exitCode: 5, signal: null, reason: null });
  equal(await test.text(id), "ready\nbye\n");
});

Deno.test("stop reaches a job whose first thread has ended before the others", async () => {
  await using test = await TestWorker.open();
  // By _exit(2), which ends one thread alone; Deno has several.
  const exit = Deno.build.arch === "x86_64" ? 60 : 93;
  const program = `const types = { parameters: ["i64", "i64"], result: "i64" };
    Deno.dlopen("libc.so.6", { syscall: types }).symbols.syscall(${exit}n, 0n);`;
  const { id, pid } = await test.start([Deno.execPath(), "eval", program], { env: { DENO_DIR: test.folder } });
  await until("its first thread has ended", () => Deno.readTextFileSync(`/proc/${pid}/stat`).includes(") Z "));
  const { state, signal } = await test.worker.stop(id, { graceSeconds: 60 });
  deepEqual([state, signal], ["stopped", "SIGTERM"]);
});

Deno.test({
  name: "stop ends by its cgroup what the daemon may not signal (needs root and cgroup v2)",
  // On v1 there is nothing but signals.
  ignore: Deno.uid() !== 0 || !existsSync("/sys/fs/cgroup/cgroup.controllers"),
  async fn() {
    await using test = await TestWorker.open();
    await test.close();
    const main = fileURLToPath(new URL("stop_main.ts", import.meta.url));
    const program = [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", main, test.state, test.cgroupRoot];
    const { stdout } = await new Deno.Command("setpriv", { args: ["--bounding-set=-kill", ...program] }).output();
    equal(new TextDecoder().decode(stdout), "stopped SIGKILL\n");
  },
});

Deno.test("stop sends the signal that is asked for", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sh", "-c", "trap 'exit 6' USR1; echo ready; while :; do sleep 0.01; done"]);
  await test.printed(id, "ready");
  equal((await test.worker.stop(id, { signal: "SIGUSR1" })).exitCode, 6);
});

Deno.test("stop kills after the grace what ignores the signal", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(STUBBORN);
  await test.printed(id, "ready");
  const job = await test.worker.stop(id, { graceSeconds: 0.3 });
  deepEqual(endOf(job), { state: "stopped", exitCode: null, signal: "SIGKILL", reason: null });
});

Deno.test("stop gives the grace to a job that uses it", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start([
    "sh",
    "-c",
    "trap 'sleep 0.5; exit 7' TERM; echo ready; while :; do sleep 0.01; done",
  ]);
  await test.printed(id, "ready");
  equal((await test.worker.stop(id, { graceSeconds: 60 })).exitCode, 7);
});

Deno.test("stop with a shorter grace overtakes one with a longer", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(STUBBORN);
  await test.printed(id, "ready");
  const patient = test.worker.stop(id, { graceSeconds: 3600 });
  const hasty = test.worker.stop(id, { graceSeconds: 0 });
  equal((await hasty).signal, "SIGKILL");
  deepEqual(await patient, await hasty);
});

Deno.test("stops at once by many are one", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sleep", "1000"]);
  const jobs = await Promise.all(Array.from({ length: 20 }, () => test.worker.stop(id)));
  for (const job of jobs) deepEqual(job, jobs[0]);
  equal(jobs[0]?.state, "stopped");
});

Deno.test("stop changes nothing about a job that has ended", async () => {
  await using test = await TestWorker.open();
  for (const words of [["true"], ["sh", "-c", "exit 3"], ["sh", "-c", "kill -9 $$"], ["/no/such"]]) {
    const job = await test.run(words);
    deepEqual(await test.worker.stop(job.id), job);
    deepEqual(await test.worker.stop(job.id, { signal: "SIGKILL", graceSeconds: 0 }), job);
    deepEqual(test.worker.status(job.id), job);
  }
});

Deno.test("stop of a job that is stopped by its own signal goes on to the kill", async () => {
  await using test = await TestWorker.open();
  const { id, pid } = await test.start(["sh", "-c", "kill -STOP $$"]);
  await until("it is stopped", async () => / T /.test(await Deno.readTextFile(`/proc/${pid}/stat`)));
  const job = await test.worker.stop(id, { graceSeconds: 0.2 });
  deepEqual([job.state, job.signal], ["stopped", "SIGKILL"]);
});

Deno.test("stop of a job that was just asked for ends it", async () => {
  await using test = await TestWorker.open();
  const starting = test.start(["sleep", "1000"]);
  const entry = await until("it is listed", async () => (await test.worker.list({ limit: 1 })).jobs[0]);
  equal((await test.worker.stop(entry.id)).state, "stopped");
  equal((await starting).id, entry.id);
});

Deno.test("stop that a worker does not live to finish is finished by the next", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(STUBBORN);
  await test.printed(id, "ready");
  const broken = rejects(test.worker.stop(id, { graceSeconds: 3600 }), { name: "WorkerError", refusal: "closing" });
  await until("the stop is noted", () => existsSync(join(test.state, "jobs", id, "stop.json")));
  await test.close();
  await broken;
  await test.rewrite(id, "stop.json", { killAtUptime: 0 });
  await test.open();
  deepEqual(endOf(await test.worker.wait(id)), { state: "stopped", exitCode: null, signal: "SIGKILL", reason: null });
});

Deno.test("stop of a job that is not there is refused", async () => {
  await using test = await TestWorker.open();
  await rejects(test.worker.stop(crypto.randomUUID()), { name: "WorkerError", refusal: "unknown" });
});
