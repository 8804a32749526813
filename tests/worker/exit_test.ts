import { join } from "node:path";
import { deepEqual, equal } from "../support/assert.ts";
import type { Job } from "../../lib/worker/mod.ts";
import { until } from "../support/until.ts";
import { TestWorker } from "./worker.ts";

const nameOf = (pid: number | null) => Deno.readTextFileSync(`/proc/${pid}/comm`).trim();
const endOf = ({ state, exitCode, signal, reason }: Job) => ({ state, exitCode, signal, reason });

Deno.test("a job that exits has its code, also those by which shells speak of signals and failures", async () => {
  await using test = await TestWorker.open();
  await Promise.all([0, 1, 2, 125, 126, 127, 128, 130, 137, 143, 255].map(async (exitCode) => {
    const job = await test.run(["sh", "-c", `exit ${exitCode}`]);
    deepEqual(endOf(job), { state: "exited", exitCode, signal: null, reason: null });
  }));
});

Deno.test("a job that dies of a signal has its name and no code", async () => {
  await using test = await TestWorker.open();
  const names = ["HUP", "INT", "QUIT", "ABRT", "KILL", "SEGV", "PIPE", "ALRM", "TERM", "USR1", "SYS", "XCPU"] as const;
  await Promise.all(names.map(async (name) => {
    const { id, pid } = await test.start(["sh", "-c", "ulimit -c 0; echo ready; exec sleep 1000"]);
    await test.printed(id, "ready");
    await until("it is the program that sleeps", () => nameOf(pid) === "sleep");
    Deno.kill(pid ?? 0, `SIG${name}`);
    const job = await test.worker.wait(id);
    deepEqual(endOf(job), { state: "signaled", exitCode: null, signal: `SIG${name}`, reason: null }, name);
  }));
});

Deno.test("a job that kills itself is told from one that exits with the number of that", async () => {
  await using test = await TestWorker.open();
  const end = async (script: string) => endOf(await test.run(["sh", "-c", script]));
  deepEqual(await end("kill -KILL $$"), { state: "signaled", exitCode: null, signal: "SIGKILL", reason: null });
  deepEqual(await end("exit 137"), { state: "exited", exitCode: 137, signal: null, reason: null });
});

Deno.test("a job that dies of a real-time signal has its number", async () => {
  await using test = await TestWorker.open();
  equal((await test.run(["sh", "-c", "kill -35 $$"])).signal, "SIG35");
});

Deno.test("a job that says what the runner listens for is not taken for another", async () => {
  await using test = await TestWorker.open();
  const text = "setsid: child 1 did not exit normally";
  const job = await test.run(["sh", "-c", `echo "${text}" >&2; exit 9`]);
  deepEqual(endOf(job), { state: "exited", exitCode: 9, signal: null, reason: null });
  equal(await test.text(job.id, "stderr"), `${text}\n`);
});

Deno.test("a job's record says who, what and when", async () => {
  await using test = await TestWorker.open();
  const gate = join(test.folder, "gate");
  const args = ["-c", 'until [ -e "$0" ]; do sleep 0.01; done; exit 3', gate];
  const request = {
    owner: "alice",
    command: "sh",
    args,
    name: "example",
    cwd: "/tmp",
    env: { A: "secret" },
  };
  const started = await test.worker.start(request);
  deepEqual([started.state, started.exitCode, started.endedAt], ["running", null, null]);
  await Deno.writeTextFile(gate, "");
  const job = await test.worker.wait(started.id);
  const { command, name, cwd, owner, envNames, pid, timeoutSeconds, limits, outOfMemory } = job;
  deepEqual({ command, args: job.args, name, cwd, owner }, {
    command: "sh",
    args,
    name: "example",
    cwd: "/tmp",
    owner: "alice",
  });
  deepEqual({ envNames, pid, timeoutSeconds, limits, outOfMemory }, {
    envNames: ["A"],
    pid: null,
    timeoutSeconds: null,
    limits: {},
    outOfMemory: false,
  });
  const times = [job.createdAt, job.startedAt ?? "", job.endedAt ?? ""];
  deepEqual(times.map((time) => new Date(time).toISOString()), times);
  deepEqual(times.toSorted(), times);
  equal((job.durationSeconds ?? -1) >= 0, true);
});

Deno.test("a job has the pid of its program while it runs", async () => {
  await using test = await TestWorker.open();
  const { id, pid } = await test.start(["sh", "-c", "echo $$; exec sleep 1000"]);
  await test.printed(id, "\n");
  equal(await test.text(id), `${pid}\n`);
  equal(test.worker.status(id).pid, pid);
});
