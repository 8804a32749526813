import { deepEqual, ok } from "../../support/assert.ts";
import { hasFile } from "../../../lib/cgroup/kernel_files.ts";
import { until } from "../../support/until.ts";
import { BOMB, type Given, limitTest, makeFifo, Mark, readProcess, ready } from "./job.ts";

/** A second, on a machine twenty times slower. */
const SOON = 20_000;

/** Kills a job when it is as wanted, and looks whether all of it is gone in time. */
async function killed(
  { test, cgroups }: Given,
  script: string,
  limits: { pids?: number },
  whenWanted: (job: { id: string; pid: number; mark: Mark }) => Promise<unknown>,
): Promise<void> {
  const mark = new Mark();
  const job = await test.start(["sh", "-c", script], { env: mark.env, limits });
  await whenWanted({ id: job.id, pid: job.pid ?? 0, mark });
  const group = cgroups.open(job.id);
  const begin = performance.now();
  const { state, signal } = await test.worker.stop(job.id, { graceSeconds: 0 });
  const took = performance.now() - begin;
  deepEqual(mark.processes(), []);
  deepEqual(group.processes(), []);
  deepEqual([state, signal === "SIGKILL" || signal === "SIGTERM"], ["stopped", true], `${signal}`);
  ok(took < SOON, `${took} ms`);
  await until("its group is gone", () => !cgroups.list().includes(job.id));
}

const some = (mark: Mark, count: number) =>
  until(`there are ${count} processes`, () => mark.processes().length >= count, 600);

await limitTest("a fork bomb is killed", { limits: { pids: 64 } }, async (given) => {
  await killed(
    given,
    BOMB,
    { pids: 64 },
    ({ id }) => until("it is at its limit", () => given.test.worker.status(id).usage.processes === 64, 600),
  );
});

await limitTest("a tree of 200 processes is killed", {}, async (given) => {
  const ten = "i=0; while [ $i -lt 19 ]; do sleep 1000 & i=$((i+1)); done; wait";
  const script = `j=0; while [ $j -lt 10 ]; do (${ten}) & j=$((j+1)); done; wait`;
  await killed(given, script, {}, ({ mark }) => some(mark, 201));
});

const DAEMON = "(setsid sh -c 'trap \"\" TERM HUP INT; sleep 1000 & wait' &)";

await limitTest(
  "a process that forked twice and has a session of its own is killed with its job",
  {},
  async (given) => {
    await killed(given, `${DAEMON}; exec sleep 1000`, {}, ({ mark }) => some(mark, 3));
  },
);

await limitTest(
  "a process that forked twice and has a session of its own is killed when its job ends",
  {},
  async ({ test, cgroups }) => {
    const mark = new Mark();
    const go = await makeFifo(test);
    const { id } = await test.start(["sh", "-c", `${DAEMON}; read -r line <"$GO"`], {
      env: { ...mark.env, GO: go },
    });
    await some(mark, 3);
    await Deno.writeTextFile(go, "\n");
    const job = await test.worker.wait(id);
    deepEqual([job.state, job.exitCode], ["exited", 0]);
    deepEqual(mark.processes(), []);
    await until("its group is gone", () => !cgroups.list().includes(id));
  },
);

await limitTest("a job that is stopped by SIGSTOP is killed", {}, async (given) => {
  await killed(
    given,
    "sleep 1000 & kill -STOP $!; kill -STOP $$; wait",
    {},
    ({ pid }) => until("it is stopped", () => /\) T/.test(readProcess(pid, "stat") ?? "")),
  );
});

await limitTest("a job that ignores every signal it can is killed", {}, async (given) => {
  const script = "trap '' TERM HUP INT QUIT USR1 USR2; echo ready; while :; do sleep 1000; done";
  await killed(given, script, {}, ({ id }) => ready(given.test, id));
});

await limitTest("a frozen job is killed", {}, async (given) => {
  await killed(given, "sleep 1000 & echo ready; wait", {}, async ({ id, mark }) => {
    await ready(given.test, id);
    await some(mark, 2);
    freeze(given.cgroups.open(id).directories);
  });
});

function freeze(directories: readonly string[]): void {
  const files = [["freezer.state", "FROZEN"], ["cgroup.freeze", "1"]] as const;
  let frozen = 0;
  for (const directory of directories) {
    for (const [file, value] of files) {
      if (!hasFile(directory, file)) continue;
      Deno.writeTextFileSync(`${directory}/${file}`, value, { create: false });
      frozen++;
    }
  }
  ok(frozen > 0, "This kernel cannot freeze a group");
}
