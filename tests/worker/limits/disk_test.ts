import { deepEqual, equal, ok } from "../../support/assert.ts";
import type { Limits } from "../../../lib/cgroup/mod.ts";
import { checkHost, type Job } from "../../../lib/worker/mod.ts";
import { type Given, limitTest, MIB, perSecond } from "./job.ts";

/** Writes MiB by MiB, in blocks of 64 KiB, to a file on a disk. */
async function write({ test, folder }: Given, mebibytes: number, how: string, limits: Limits): Promise<Job> {
  const args = ["if=/dev/zero", `of=${folder}/file`, "bs=64K", `count=${mebibytes * 16}`, how];
  const job = await test.run(["dd", ...args], { limits });
  equal(job.exitCode, 0, await test.text(job.id, "stderr"));
  return job;
}

/** How long what is limited to one a second takes, by what the job did and how long it ran. */
function near(job: Job, amount: number | null, limit: number, { most = 1.4 }: { most?: number } = {}): void {
  const stretch = limit / perSecond(job, amount);
  ok(stretch > 0.9 && stretch < most, `${stretch} times as long as it would take at the limit`);
}

const oneMib = { writeBytesPerSecond: MIB };
await limitTest(
  "--write-bps 1M makes 5 MiB of direct writes take 5 s",
  { disk: true, limits: oneMib },
  async (given) => {
    const job = await write(given, 5, "oflag=direct", oneMib);
    ok((job.usage.writtenBytes ?? 0) >= 5 * MIB, `${job.usage.writtenBytes}`);
    near(job, 5 * MIB, MIB);
  },
);

await limitTest("--write-bps FILE:1M limits the disk that the file is on", {
  disk: true,
  limits: oneMib,
}, async (given) => {
  const limits = { writeBytesPerSecond: { [given.folder]: MIB } };
  near(await write(given, 3, "oflag=direct", limits), 3 * MIB, MIB);
});

await limitTest("--read-bps 1M makes 3 MiB of direct reads take 3 s", {
  disk: true,
  limits: { readBytesPerSecond: MIB },
}, async (given) => {
  await write(given, 3, "oflag=direct", {});
  const args = [`if=${given.folder}/file`, "of=/dev/null", "bs=64K", "iflag=direct"];
  const job = await given.test.run(["dd", ...args], { limits: { readBytesPerSecond: MIB } });
  equal(job.exitCode, 0);
  ok((job.usage.readBytes ?? 0) >= 3 * MIB, `${job.usage.readBytes}`);
  near(job, 3 * MIB, MIB);
});

// A multiple of ten: the kernel counts in tenths of a second, in whole operations.
const operations = { writeOperationsPerSecond: 20, readOperationsPerSecond: 20 };
await limitTest("--write-iops 20 makes 64 direct writes take 3 s, --read-iops the same for reads", {
  disk: true,
  limits: operations,
}, async (given) => {
  const wrote = await write(given, 4, "oflag=direct", operations);
  ok((wrote.usage.writeOperations ?? 0) >= 64, `${wrote.usage.writeOperations}`);
  near(wrote, 64, 20);
  const args = [`if=${given.folder}/file`, "of=/dev/null", "bs=64K", "iflag=direct"];
  const read = await given.test.run(["dd", ...args], { limits: operations });
  ok((read.usage.readOperations ?? 0) >= 64, `${read.usage.readOperations}`);
  near(read, 64, 20);
});

await limitTest("--write-bps limits buffered writes, too, on v2", {
  version: 2,
  disk: true,
  limits: oneMib,
}, async (given) => {
  const job = await write(given, 5, "conv=fsync", oneMib);
  ok((job.usage.writtenBytes ?? 0) >= 5 * MIB, `${job.usage.writtenBytes}`);
  near(job, 5 * MIB, MIB);
});

await limitTest("--write-bps does not limit buffered writes on v1, and the check says so", {
  version: 1,
  disk: true,
  limits: oneMib,
}, async (given) => {
  const limit = MIB / 16;
  const limits = { writeBytesPerSecond: limit };
  const job = await write(given, 8, "conv=notrunc", limits);
  // The kernel writes it back, and not at the limit, at which that would take 128 s.
  await new Deno.Command("sync", { args: ["-d", `${given.folder}/file`] }).output();
  ok(perSecond(job, 8 * MIB) > 8 * limit, `${job.durationSeconds} s`);
  // What the job itself waits for is held.
  near(await write(given, 1, "oflag=dsync", { writeBytesPerSecond: MIB / 2 }), MIB, MIB / 2, { most: 2 });
  const { cgroups } = await checkHost({ cgroupRoot: given.test.cgroupRoot });
  const notes = cgroups.limits.filter(({ limit }) => limit.startsWith("write")).map(({ note }) => note?.split(":")[0]);
  deepEqual(notes, ["Buffered writes escape it", "Buffered writes escape it"]);
});
