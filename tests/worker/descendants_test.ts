import { deepEqual, equal } from "../support/assert.ts";
import { until } from "../support/until.ts";
import { canLimit } from "../support/cgroups.ts";
import { processesWith, TestWorker } from "./worker.ts";

/** A number of seconds that no other `sleep` on this host has. */
const unique = () => `${100_000 + Math.random()}`;

// Without cgroups nothing holds a process that leaves its process group.
const ignore = !canLimit;

Deno.test({
  name: "a job that leaves a daemon behind ends at once with its own code, and the daemon with it",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const seconds = unique();
    // A double fork in a session of its own, that holds the job's streams.
    const daemon = `setsid sh -c '(echo daemon; : >ready; exec sleep ${seconds}) & exit'`;
    const script = `${daemon}; until [ -e ready ]; do sleep 0.01; done; exit 4`;
    const job = await test.run(["sh", "-c", script], { cwd: test.folder });
    deepEqual([job.state, job.exitCode], ["exited", 4]);
    deepEqual(processesWith(seconds), []);
    equal(await test.text(job.id, "stdout", true), "daemon\n");
  },
});

Deno.test({
  name: "stop ends children, grandchildren and daemons of a job that themselves ignore every signal",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const seconds = unique();
    const stubborn = `trap "" TERM INT HUP; sleep ${seconds} & wait`;
    const script = `setsid sh -c '${stubborn}' & sh -c '(${stubborn}) & wait' & sleep ${seconds} & wait`;
    const { id } = await test.start(["sh", "-c", script]);
    await until("all of them run", () => processesWith(seconds).length === 3);
    const job = await test.worker.stop(id, { graceSeconds: 0.5 });
    deepEqual([job.state, job.signal], ["stopped", "SIGTERM"]);
    deepEqual(processesWith(seconds), []);
  },
});

Deno.test({
  name: "what a job has hidden or frozen in a group of its own making ends with it",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    for (const name of ["below", ".below", "..below"]) {
      const seconds = unique();
      const script = `group=$(sed -n 's,^[0-9]*:freezer:,/sys/fs/cgroup/freezer,p' /proc/self/cgroup)
        [ -n "$group" ] || group=$(sed -n 's,^0::,/sys/fs/cgroup,p' /proc/self/cgroup)
        mkdir "$group/${name}" || exit
        sleep ${seconds} &
        echo $! >"$group/${name}/cgroup.procs" || exit
        if [ -e "$group/freezer.state" ]; then echo FROZEN >"$group/${name}/freezer.state"
        else echo 1 >"$group/${name}/cgroup.freeze"; fi
        exit 4`;
      const job = await test.run(["sh", "-c", script]);
      deepEqual([job.state, job.exitCode], ["exited", 4]);
      deepEqual(processesWith(seconds), []);
    }
  },
});

Deno.test("children that stay in the job's process group end with it, with cgroups and without", async () => {
  await using test = await TestWorker.open();
  const seconds = unique();
  const job = await test.run(["sh", "-c", `sleep ${seconds} & echo ready; exit 0`]);
  equal(job.exitCode, 0);
  deepEqual(processesWith(seconds), []);
});

Deno.test({
  name: "a job that forks faster than it can be killed is killed",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const seconds = unique();
    // A shell that cannot fork ends, except within `command`; so this one stays at its limit.
    const script = `trap "" TERM; echo ready; while :; do command eval 'sleep ${seconds} &'; done 2>/dev/null`;
    const { id } = await test.start(["sh", "-c", script], { limits: { pids: 200 } });
    await test.printed(id, "ready");
    equal((await test.worker.stop(id, { graceSeconds: 0.2 })).state, "stopped");
    deepEqual(processesWith(seconds), []);
  },
});

Deno.test({
  name: "a job that runs out of memory says so",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const limits = { memoryBytes: 32 * 2 ** 20 };
    // Its buffer is its memory.
    const dd = (size: string) => ["dd", "if=/dev/zero", "of=/dev/null", `bs=${size}`, "count=1"];
    const job = await test.run(dd("200M"), { limits });
    deepEqual([job.state, job.signal, job.outOfMemory], ["signaled", "SIGKILL", true]);
    const other = await test.run(dd("1M"), { limits });
    deepEqual([other.state, other.exitCode, other.outOfMemory], ["exited", 0, false]);
  },
});

Deno.test({
  name: "a job runs in its own cgroup from its first instruction on, and its helpers do not",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const { id } = await test.start(["sh", "-c", "cat /proc/self/cgroup; exec sleep 1000"]);
    await test.printed(id, "\n");
    equal((await test.text(id)).includes(`/${test.cgroupRoot}/${id}\n`), true);
    await until("it is alone there", () => (test.worker.status(id).usage.processes ?? 1) === 1);
    await test.worker.stop(id);
    equal((await Deno.readTextFile("/proc/self/cgroup")).includes(test.cgroupRoot), false);
  },
});
