import assert from "node:assert/strict";
import { known } from "../../../lib/cgroup/controller.ts";
import { wholeDisks } from "../../../lib/cgroup/disks.ts";
import { cpu } from "../../../lib/cgroup/v2/cpu.ts";
import { io } from "../../../lib/cgroup/v2/io.ts";
import { memory } from "../../../lib/cgroup/v2/memory.ts";
import { pids } from "../../../lib/cgroup/v2/pids.ts";
import { withFiles } from "../helpers.ts";

Deno.test("v2 cpu writes a quota and a weight, and reads them", () => {
  withFiles({ "cpu.max": "max 100000\n", "cpu.weight": "100\n" }, (directory) => {
    assert.deepEqual(known(cpu.read(directory)), {});
    cpu.write(directory, { cpus: 0.01, cpuWeight: 10_000 });
    assert.equal(Deno.readTextFileSync(`${directory}/cpu.max`), "1000 100000");
    assert.equal(Deno.readTextFileSync(`${directory}/cpu.weight`), "10000");
    assert.deepEqual(cpu.read(directory), { cpus: 0.01, cpuWeight: 10_000 });
  });
});

Deno.test("v2 memory forbids swap and kills all of a job at once", () => {
  const files = { "memory.max": "max\n", "memory.swap.max": "max\n", "memory.oom.group": "0\n" };
  withFiles(files, (directory) => {
    assert.deepEqual(known(memory.read(directory)), {});
    memory.write(directory, {});
    assert.equal(Deno.readTextFileSync(`${directory}/memory.swap.max`), "max\n");
    memory.write(directory, { memoryBytes: 2 ** 53 });
    assert.equal(Deno.readTextFileSync(`${directory}/memory.max`), "9007199254740991");
    assert.equal(Deno.readTextFileSync(`${directory}/memory.swap.max`), "0");
    assert.equal(Deno.readTextFileSync(`${directory}/memory.oom.group`), "1");
  });
});

Deno.test("v2 memory does without the files of newer or fuller kernels", () => {
  withFiles({ "memory.max": "max\n" }, (directory) => {
    memory.write(directory, { memoryBytes: 4096.4 });
    assert.deepEqual(known(memory.read(directory)), { memoryBytes: 4096 });
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["memory.max"]);
  });
});

Deno.test("v2 memory tells of a file it cannot write", () => {
  withFiles({}, (directory) => {
    assert.throws(() => memory.write(directory, { memoryBytes: 4096 }), {
      message: `Cannot write "4096" to "${directory}/memory.max": no such file or directory`,
    });
  });
});

Deno.test("v2 pids stays within what the kernel takes", () => {
  withFiles({ "pids.max": "max\n" }, (directory) => {
    assert.deepEqual(pids.read(directory), { pids: null });
    pids.write(directory, { pids: 1e9 });
    assert.deepEqual(pids.read(directory), { pids: 4194304 });
  });
});

Deno.test("v2 memory throttles without any other limit", () => {
  const files = { "memory.max": "max\n", "memory.high": "max\n", "memory.swap.max": "max\n" };
  withFiles(files, (directory) => {
    assert.deepEqual(known(memory.read(directory)), {});
    memory.write(directory, { memoryHighBytes: 2 ** 30 });
    assert.equal(Deno.readTextFileSync(`${directory}/memory.swap.max`), "max\n");
    assert.deepEqual(known(memory.read(directory)), { memoryHighBytes: 2 ** 30 });
  });
});

Deno.test({
  name: "v2 io writes a line for a disk, and both weights",
  ignore: wholeDisks().length === 0,
  fn() {
    withFiles({ "io.max": "", "io.weight": "default 100\n", "io.bfq.weight": "100\n" }, (directory) => {
      assert.deepEqual(known(io.read(directory)), {});
      io.write(directory, { writeOperationsPerSecond: 20, ioWeight: 1090 });
      const text = (file: string) => Deno.readTextFileSync(`${directory}/${file}`);
      assert.equal(text("io.max"), `${wholeDisks().at(-1)?.number} wiops=20`);
      assert.equal(text("io.weight"), "1090");
      assert.equal(text("io.bfq.weight"), "190");
    });
  },
});

Deno.test("v2 io reads what the kernel writes, disk by disk", () => {
  const max = "999:0 rbps=max wbps=5 riops=max wiops=max\n999:16 rbps=7 wbps=6 riops=max wiops=max\n";
  withFiles({ "io.max": max, "io.weight": "default 50\n8:0 300\n" }, (directory) => {
    assert.deepEqual(known(io.read(directory)), {
      readBytesPerSecond: { "999:16": 7 },
      writeBytesPerSecond: { "999:0": 5, "999:16": 6 },
      ioWeight: 50,
    });
  });
});
