import assert from "node:assert/strict";
import { known } from "../../../lib/cgroup/controller.ts";
import { wholeDisks } from "../../../lib/cgroup/disks.ts";
import { blkio } from "../../../lib/cgroup/v1/blkio.ts";
import { cpu } from "../../../lib/cgroup/v1/cpu.ts";
import { memory } from "../../../lib/cgroup/v1/memory.ts";
import { withFiles } from "../helpers.ts";

const UNLIMITED = "9223372036854771712\n";

Deno.test("v1 cpu writes a quota and shares, and reads them", () => {
  withFiles({ "cpu.cfs_period_us": "50000\n", "cpu.cfs_quota_us": "-1\n", "cpu.shares": "1024\n" }, (directory) => {
    assert.deepEqual(known(cpu.read(directory)), {});
    cpu.write(directory, { cpus: 1.5, cpuWeight: 200 });
    assert.equal(Deno.readTextFileSync(`${directory}/cpu.cfs_period_us`), "100000");
    assert.equal(Deno.readTextFileSync(`${directory}/cpu.cfs_quota_us`), "150000");
    assert.equal(Deno.readTextFileSync(`${directory}/cpu.shares`), "2048");
    assert.deepEqual(cpu.read(directory), { cpus: 1.5, cpuWeight: 200 });
  });
});

Deno.test("v1 cpu stays within the kernel's ranges", () => {
  withFiles({ "cpu.cfs_period_us": "", "cpu.cfs_quota_us": "", "cpu.shares": "" }, (directory) => {
    cpu.write(directory, { cpus: 0.001, cpuWeight: 0.01 });
    assert.equal(Deno.readTextFileSync(`${directory}/cpu.cfs_quota_us`), "1000");
    assert.equal(Deno.readTextFileSync(`${directory}/cpu.shares`), "2");
    cpu.write(directory, { cpuWeight: 10_000 });
    assert.equal(Deno.readTextFileSync(`${directory}/cpu.shares`), "102400");
    for (const weight of [1, 3, 99, 101, 9999, 10_000]) {
      cpu.write(directory, { cpuWeight: weight });
      assert.equal(cpu.read(directory).cpuWeight, weight);
    }
  });
});

Deno.test("v1 memory counts swap where the kernel can", () => {
  withFiles({ "memory.limit_in_bytes": UNLIMITED, "memory.memsw.limit_in_bytes": UNLIMITED }, (directory) => {
    assert.deepEqual(memory.read(directory), { memoryBytes: null });
    memory.write(directory, { memoryBytes: 64 * 2 ** 20 });
    assert.equal(Deno.readTextFileSync(`${directory}/memory.limit_in_bytes`), "67108864");
    assert.equal(Deno.readTextFileSync(`${directory}/memory.memsw.limit_in_bytes`), "67108864");
    assert.deepEqual(memory.read(directory), { memoryBytes: 67108864 });
  });
});

Deno.test("v1 memory does not swap where the kernel cannot count it", () => {
  withFiles({ "memory.limit_in_bytes": UNLIMITED, "memory.swappiness": "60\n" }, (directory) => {
    memory.write(directory, { memoryBytes: 4096 });
    assert.equal(Deno.readTextFileSync(`${directory}/memory.swappiness`), "0");
  });
});

Deno.test("v1 memory takes the unlimited of larger pages for unlimited", () => {
  withFiles({ "memory.limit_in_bytes": "9223372036854710272\n" }, (directory) => {
    assert.deepEqual(memory.read(directory), { memoryBytes: null });
  });
});

Deno.test({
  name: "v1 blkio writes a line for a disk and cuts operations to what the kernel can hold",
  ignore: wholeDisks().length === 0,
  fn() {
    withFiles({ "blkio.throttle.write_iops_device": "", "blkio.throttle.read_bps_device": "" }, (directory) => {
      const disk = wholeDisks().at(-1);
      blkio.write(directory, { writeOperationsPerSecond: 2 ** 32, readBytesPerSecond: { [`${disk?.name}`]: 2 ** 40 } });
      const text = (file: string) => Deno.readTextFileSync(`${directory}/${file}`);
      assert.equal(text("blkio.throttle.write_iops_device"), `${disk?.number} 4294967295`);
      assert.equal(text("blkio.throttle.read_bps_device"), `${disk?.number} 1099511627776`);
    });
  },
});

Deno.test({
  name: "v1 blkio has the traffic of every disk counted, and limits nothing by that",
  ignore: wholeDisks().length === 0,
  fn() {
    withFiles({ "blkio.throttle.read_bps_device": "" }, (directory) => {
      blkio.activate?.(directory);
      assert.equal(
        Deno.readTextFileSync(`${directory}/blkio.throttle.read_bps_device`),
        `${wholeDisks().at(-1)?.number} 0`,
      );
    });
    withFiles({}, (directory) => blkio.activate?.(directory));
  },
});

Deno.test("v1 blkio reads what the kernel writes, disk by disk", () => {
  withFiles({ "blkio.throttle.read_bps_device": "999:0 1048576\n999:16 5\n" }, (directory) => {
    assert.deepEqual(known(blkio.read(directory)), { readBytesPerSecond: { "999:0": 1048576, "999:16": 5 } });
  });
});

Deno.test("v1 blkio keeps the order of weights on the scales of BFQ and CFQ", () => {
  withFiles({ "blkio.bfq.weight": "100\n", "blkio.weight": "500\n" }, (directory) => {
    assert.equal(blkio.read(directory).ioWeight, null);
    for (
      const [weight, bfq, cfq] of [[1, "1", "10"], [50, "50", "250"], [200, "109", "1000"], [
        10_000,
        "1000",
        "1000",
      ]] as const
    ) {
      blkio.write(directory, { ioWeight: weight });
      assert.equal(Deno.readTextFileSync(`${directory}/blkio.bfq.weight`), bfq);
      assert.equal(Deno.readTextFileSync(`${directory}/blkio.weight`), cfq);
    }
    assert.equal(blkio.read(directory).ioWeight, 10_000);
  });
});
