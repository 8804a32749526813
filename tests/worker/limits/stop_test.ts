import { join } from "node:path";
import { deepEqual, equal, ok } from "../../support/assert.ts";
import { canFreeze, freeze, isFreezing, isFrozenItself } from "../../../lib/cgroup/freezer.ts";
import { readUptime } from "../../../lib/worker/job.ts";
import { HungDisk } from "../../support/hung_disk.ts";
import { until } from "../../support/until.ts";
import { limitTest, Mark, readProcess, ready } from "./job.ts";

const CLEANER = 'trap "exit 7" TERM; echo ready; while :; do sleep 0.02; done';

/** Freezes a group as its job, or an administrator, may; the directory in which that is done. */
async function frozen(directories: readonly string[]): Promise<string> {
  const directory = directories.find(canFreeze);
  ok(directory !== undefined, "This kernel cannot freeze a group");
  freeze(directory, true);
  await until("it is frozen", () => !isFreezing(directory));
  ok(isFrozenItself(directory));
  return directory;
}

await limitTest("Stop: job was frozen → it stays so, and is killed after the grace", {}, async ({ test, cgroups }) => {
  const mark = new Mark();
  const { id } = await test.start(["sh", "-c", CLEANER], { env: mark.env });
  await ready(test, id);
  const directory = await frozen(cgroups.open(id).directories);
  const stopping = test.worker.stop(id, { graceSeconds: 1 });
  await until("the signal waits for it", () => mark.processes().every((pid) => isPending(pid, 15)));
  equal(isFrozenItself(directory), true);
  const { state, exitCode } = await stopping;
  deepEqual([state, exitCode], ["stopped", null]);
  deepEqual(mark.processes(), []);
});

/** Whether a signal waits for a process. */
function isPending(pid: number, signal: number): boolean {
  const mask = /^ShdPnd:\s*([0-9a-f]+)$/m.exec(readProcess(pid, "status") ?? "")?.[1];
  return mask === undefined || (BigInt(`0x${mask}`) >> BigInt(signal - 1) & 1n) === 1n;
}

await limitTest("Recovery: daemon ended while a job was frozen → thawed", {}, async ({ test, cgroups }) => {
  const { id, pid } = await test.start(["sh", "-c", CLEANER]);
  await ready(test, id);
  await test.close();
  // As a daemon leaves it that is killed amid a stop.
  const note = { format: 1, killAtUptime: readUptime() + 3600, scope: "all" };
  await Deno.writeTextFile(join(test.state, "jobs", id, "stop.json"), JSON.stringify(note));
  await frozen(cgroups.open(id).directories);
  Deno.kill(pid ?? 0, "SIGTERM");
  await test.open();
  const { state, exitCode } = await test.worker.wait(id);
  deepEqual([state, exitCode], ["stopped", 7]);
});

await limitTest(
  "Stop: a process cannot be frozen → all get the signal",
  { hungDisk: true },
  async ({ test, cgroups }) => {
    const path = join(test.folder, "hung");
    await Deno.mkdir(path);
    await using disk = await HungDisk.mount(path);
    ok(disk);
    const script = `stat "$0/x" & ${CLEANER}`;
    const { id } = await test.start(["sh", "-c", script, path]);
    await ready(test, id);
    const stuck = () => cgroups.open(id).processes().some((pid) => readProcess(pid, "stack")?.includes("fuse"));
    await until("a process waits for the disk", stuck);
    const { state, exitCode } = await test.worker.stop(id, { graceSeconds: 3600 });
    deepEqual([state, exitCode], ["stopped", 7]);
  },
);
