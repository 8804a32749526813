import assert from "node:assert/strict";
import { perDisk, toDiskLimit, writeDiskLimit } from "../../lib/cgroup/disk_limits.ts";
import { wholeDisks } from "../../lib/cgroup/disks.ts";
import { cgroupTest, withFiles } from "./helpers.ts";

const TWO = [{ name: "sda", number: "999:0" }, { name: "sdb", number: "999:16" }];

Deno.test("toDiskLimit gives one number for disks that all have the same", () => {
  assert.equal(toDiskLimit(new Map([["999:0", 5], ["999:16", 5]]), TWO), 5);
  assert.equal(toDiskLimit(new Map(), TWO), null);
  assert.equal(toDiskLimit(new Map(), []), null);
});

Deno.test("toDiskLimit gives each disk where one has none, another or is not among the whole ones", () => {
  assert.deepEqual(toDiskLimit(new Map([["999:0", 5]]), TWO), { "999:0": 5 });
  assert.deepEqual(toDiskLimit(new Map([["999:0", 5], ["999:16", 6]]), TWO), { "999:0": 5, "999:16": 6 });
  assert.deepEqual(toDiskLimit(new Map([["999:0", 5], ["999:32", 5]]), TWO), { "999:0": 5, "999:32": 5 });
  assert.deepEqual(toDiskLimit(new Map([["999:0", 5]]), []), { "999:0": 5 });
});

const [disk] = wholeDisks();

Deno.test({
  name: "perDisk takes one number for all, and a number for one",
  ignore: disk === undefined,
  fn() {
    assert.deepEqual([...perDisk(7)], wholeDisks().map(({ number }) => [number, 7]));
    assert.deepEqual([...perDisk({ [`${disk?.name}`]: 7 })], [[disk?.number, 7]]);
  },
});

Deno.test({
  name: "perDisk takes no disk twice",
  ignore: disk === undefined,
  fn() {
    assert.throws(() => perDisk({ [`${disk?.name}`]: 1, [`${disk?.number}`]: 1 }), {
      message: `the disk "${disk?.name}" is named twice, the second time by "/dev/${disk?.name}"`.replace(
        `/dev/${disk?.name}`,
        `${disk?.number}`,
      ),
    });
  },
});

Deno.test({
  name: "writeDiskLimit tells of a file it cannot write, and leaves one alone without a limit",
  ignore: disk === undefined,
  fn() {
    withFiles({}, (directory) => {
      writeDiskLimit(directory, "io.max", undefined, String);
      assert.throws(() => writeDiskLimit(directory, "io.max", 5, (value) => `rbps=${value}`), {
        message: `Cannot write "${disk?.number} rbps=5" to "${directory}/io.max": no such file or directory`,
      });
    });
  },
});

const [first, ...others] = wholeDisks();
const single = others[0] ?? first;
const limits = { readBytesPerSecond: { [`${single?.name}`]: 4096 }, writeOperationsPerSecond: 77 };

await cgroupTest("Limits of single disks are read back as the kernel holds them", { limits }, ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), limits);
  assert.deepEqual(group.limits(), {
    readBytesPerSecond: others.length === 0 ? 4096 : limits.readBytesPerSecond,
    writeOperationsPerSecond: 77,
  });
});

await cgroupTest("Limits of a disk are set one by one and add up", { limits }, ({ cgroups }) => {
  const all = {
    readBytesPerSecond: 4096,
    writeBytesPerSecond: 8192,
    readOperationsPerSecond: 10,
    writeOperationsPerSecond: 20,
  };
  assert.deepEqual(cgroups.create(crypto.randomUUID(), all).limits(), all);
});
