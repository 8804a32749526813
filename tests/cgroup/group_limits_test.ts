import assert from "node:assert/strict";
import { readLines } from "../../lib/cgroup/kernel_files.ts";
import { type Cgroup, parseUsage } from "../../lib/cgroup/mod.ts";
import { cgroupTest, start, waitFor } from "./helpers.ts";

const MEBIBYTE = 2 ** 20;

await cgroupTest("Cgroup.directories are where a process enters", {}, async ({ cgroups, name }) => {
  const group = cgroups.create(crypto.randomUUID(), {});
  const { stdout } = await start(group, "/bin/cat", "/proc/self/cgroup").ended;
  const entered = stdout.split("\n").filter((line) => line.endsWith(`/${name}/${group.name}`));
  assert.equal(entered.length, group.directories.length);
  for (const controller of cgroups.mode === "v2" ? [] : cgroups.controllers) {
    assert.ok(entered.some((line) => line.split(":")[1]?.split(",").includes(controller)), controller);
  }
});

await cgroupTest(
  "Cgroup.usageFiles exist, with basenames of their own, and tell what usage() does",
  {},
  async ({ cgroups }) => {
    const group = cgroups.create(crypto.randomUUID(), {});
    await start(group, "/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=1M", "count=50").ended;
    const files = group.usageFiles.map((file) => [file.split("/").at(-1), readLines(file) ?? assert.fail(file)]);
    assert.equal(new Set(files.map(([name]) => name)).size, group.usageFiles.length);
    const usage = parseUsage(Object.fromEntries(files));
    assert.deepEqual({ ...group.usage(), memoryBytes: null, processes: null }, usage);
    assert.ok((usage.cpuSeconds ?? 0) > 0);
    assert.ok((usage.memoryPeakBytes ?? MEBIBYTE) >= MEBIBYTE);
  },
);

await cgroupTest("Limits.cpus binds", { limits: { cpus: 0.2 } }, async ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), { cpus: 0.2 });
  const used = () => group.usage().cpuSeconds ?? assert.fail("The kernel does not tell the CPU time");
  const busy = start(group, "/bin/sh", "-c", "while :; do :; done");
  await waitFor("the start", () => used() > 0.05);
  const [usedBefore, timeBefore] = [used(), performance.now()];
  await waitFor("0.4 s of CPU time", () => used() - usedBefore >= 0.4);
  const share = (used() - usedBefore) / ((performance.now() - timeBefore) / 1000);
  // A busy host may give less than the limit.
  assert.ok(share > 0.05 && share < 0.35, `${share}`);
  assert.ok((group.usage().cpuThrottledSeconds ?? 0) > 0);
  await group.kill();
  assert.equal((await busy.ended).signal, "SIGKILL");
});

await cgroupTest(
  "Limits.memoryBytes kills a program that takes more",
  { limits: { memoryBytes: 1 } },
  async ({ cgroups }) => {
    const group = cgroups.create(crypto.randomUUID(), { memoryBytes: 64 * MEBIBYTE });
    // Its buffer is its memory.
    const fits = await start(group, "/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=8M", "count=1").ended;
    assert.equal(fits.code, 0);
    assert.equal(group.usage().outOfMemoryKills, 0);
    const tooLarge = await start(group, "/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1").ended;
    assert.equal(tooLarge.signal, "SIGKILL");
    const { outOfMemoryKills, memoryPeakBytes } = group.usage();
    // v2 counts a process twice that was chosen and is then killed with its group.
    assert.ok(outOfMemoryKills === 1 || outOfMemoryKills === 2, `${outOfMemoryKills}`);
    assert.ok(memoryPeakBytes === null || (memoryPeakBytes > 32 * MEBIBYTE && memoryPeakBytes <= 64 * MEBIBYTE));
  },
);

await cgroupTest("Limits.pids stops a program that starts more", { limits: { pids: 10 } }, async ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), { pids: 10 });
  const script = "i=0; while [ $i -lt 50 ]; do sleep 600 & i=$((i+1)); done";
  const { success } = await start(group, "/bin/sh", "-c", `exec >/dev/null; ${script}`).ended;
  assert.equal(success, false);
  assert.equal(group.processes().length, 9);
  const { processes, processesPeak } = group.usage();
  assert.equal(processes, 9);
  assert.ok(processesPeak === null || processesPeak === 10);
});

/** A directory on a disk of its own, for which limits can be seen to bind: not memory, not an overlay. */
function directoryOnDisk(): string | undefined {
  return ["/mnt/disk", "/var/tmp", "/tmp", "."].find((directory) => {
    try {
      // Anonymous file systems have the major number 0 (makedev(3) has it from bit 8 on).
      return (Deno.statSync(directory).dev >> 8) > 0;
    } catch {
      return false;
    }
  });
}

/** Writes to the disk, past the page cache, and tells how long that took in seconds. */
async function secondsToWrite(group: Cgroup, bytes: number, directory: string): Promise<number> {
  const file = await Deno.makeTempFile({ dir: directory });
  try {
    const begin = performance.now();
    const args = ["if=/dev/zero", `of=${file}`, "bs=64K", `count=${bytes / 65536}`, "oflag=direct"];
    assert.equal((await start(group, "/bin/dd", ...args).ended).code, 0);
    return (performance.now() - begin) / 1000;
  } finally {
    await Deno.remove(file);
  }
}

const disk = directoryOnDisk();
if (disk !== undefined) {
  for (
    const limits of [
      { writeBytesPerSecond: 2 * MEBIBYTE },
      { writeOperationsPerSecond: 32 },
    ]
  ) {
    const [limit] = Object.keys(limits);
    await cgroupTest(`Limits.${limit} slows down direct writes`, { limits }, async ({ cgroups }) => {
      const free = cgroups.create(crypto.randomUUID(), {});
      const limited = cgroups.create(crypto.randomUUID(), limits);
      const bytes = 6 * MEBIBYTE;
      const fast = await secondsToWrite(free, bytes, disk);
      const slow = await secondsToWrite(limited, bytes, disk);
      assert.ok(slow > 3 * fast, `${slow} s, ${fast} s without`);
      const { writtenBytes, writeOperations } = limited.usage();
      assert.ok((writtenBytes ?? 0) >= bytes, `${writtenBytes}`);
      assert.ok((writeOperations ?? 0) >= bytes / 65536, `${writeOperations}`);
    });
  }
}
