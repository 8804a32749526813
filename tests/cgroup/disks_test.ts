import assert from "node:assert/strict";
import { diskOfNumber, findDisk, splitDevice, wholeDisks } from "../../lib/cgroup/disks.ts";
import { withFiles } from "./helpers.ts";

const WHOLE = {
  "sda": "8:0",
  "nvme0n1": "259:0",
  "cciss!c0d0": "104:0",
  "dm-0": "253:0",
  "md127": "9:127",
  "loop0": "7:0",
  "ram3": "1:3",
  "zram0": "252:0",
};
const PARTITIONS = { "sda/sda1": "8:1", "nvme0n1/nvme0n1p2": "259:2", "cciss!c0d0/cciss!c0d0p1": "104:1" };

/** A `/sys` with links as the kernel makes them, in which nothing but the disks of this test is. */
function withSys(fn: (sys: string) => void): void {
  const files = Object.entries({ ...WHOLE, ...PARTITIONS }).map(([name, number]) => [
    `devices/pci0/block/${name}/dev`,
    `${number}\n`,
  ]);
  const partitions = Object.keys(PARTITIONS).map((name) => [`devices/pci0/block/${name}/partition`, "1\n"]);
  withFiles({
    ...Object.fromEntries([...files, ...partitions]),
    "devices/pci0/block/nvme0c0n1/hidden": "1\n",
    "devices/pci0/block/sdz/dev": "garbage\n",
    "secret/dev": "8:0\n",
    "block/.keep": "",
    "class/block/.keep": "",
    "dev/block/.keep": "",
  }, (sys) => {
    for (const name of [...Object.keys(WHOLE), "nvme0c0n1", "sdz"]) {
      Deno.symlinkSync(`../devices/pci0/block/${name}`, `${sys}/block/${name}`);
    }
    for (const [name, number] of Object.entries({ ...WHOLE, ...PARTITIONS })) {
      Deno.symlinkSync(`../../devices/pci0/block/${name}`, `${sys}/class/block/${name.split("/").at(-1)}`);
      Deno.symlinkSync(`../../devices/pci0/block/${name}`, `${sys}/dev/block/${number}`);
    }
    fn(sys);
  });
}

Deno.test("wholeDisks takes real disks and what is made of them, and nothing in memory", () => {
  withSys((sys) => {
    assert.deepEqual(wholeDisks(sys), [
      { name: "cciss/c0d0", number: "104:0" },
      { name: "dm-0", number: "253:0" },
      { name: "md127", number: "9:127" },
      { name: "nvme0n1", number: "259:0" },
      { name: "sda", number: "8:0" },
    ]);
  });
});

Deno.test("wholeDisks finds none where there is no such directory", () => {
  assert.deepEqual(wholeDisks("/nonexistent"), []);
});

Deno.test("findDisk finds the disk of a partition", () => {
  withSys((sys) => {
    for (
      const [name, disk] of [
        ["sda", { name: "sda", number: "8:0" }],
        ["sda1", { name: "sda", number: "8:0" }],
        ["8:1", { name: "sda", number: "8:0" }],
        ["nvme0n1p2", { name: "nvme0n1", number: "259:0" }],
        ["259:0", { name: "nvme0n1", number: "259:0" }],
        ["cciss/c0d0p1", { name: "cciss/c0d0", number: "104:0" }],
        ["dm-0", { name: "dm-0", number: "253:0" }],
        ["loop0", { name: "loop0", number: "7:0" }],
      ] as const
    ) {
      assert.deepEqual(findDisk(name, sys), disk, name);
    }
  });
});

Deno.test("findDisk goes by the name where a container has no node", () => {
  withSys((sys) => assert.deepEqual(findDisk("/dev/cciss/c0d0p1", sys), { name: "cciss/c0d0", number: "104:0" }));
});

Deno.test("findDisk names what it does not find, and follows no path in a name", () => {
  withSys((sys) => {
    for (
      const name of [
        "",
        ".",
        "..",
        "sd",
        "sdb",
        "../../secret",
        "sda/sda1",
        "sda:",
        "8:",
        "8:2",
        "8:0:0",
        "sdz",
        "nvme0c0n1",
      ]
    ) {
      assert.throws(() => findDisk(name, sys), { message: `this host has no disk "${name}"` }, name);
    }
    assert.throws(() => findDisk("/dev/no-such-disk", sys), { message: 'this host has no disk "/dev/no-such-disk"' });
    assert.throws(() => findDisk("/no/such", sys), {
      message: '"/no/such" cannot be found: no such file or directory',
    });
    for (const path of ["/proc", "/proc/self/status", "/dev/null"]) {
      assert.throws(() => findDisk(path, sys), { message: `"${path}" is on no single disk` });
    }
  });
});

const [disk] = wholeDisks();
const onDisk = ["/mnt/disk", "/var/tmp", "/tmp"].find((path) => {
  try {
    return splitDevice(Deno.statSync(path).dev).major > 0;
  } catch {
    return false;
  }
});

Deno.test({
  name: "findDisk finds a disk of this host by its name, its number and its node",
  ignore: disk === undefined,
  fn() {
    for (const text of [disk?.name, disk?.number, `/dev/${disk?.name}`]) assert.deepEqual(findDisk(text ?? ""), disk);
  },
});

Deno.test({
  name: "findDisk finds the disk of a file and a folder of this host",
  ignore: onDisk === undefined,
  fn() {
    const file = Deno.makeTempFileSync({ dir: onDisk ?? "" });
    try {
      const { major, minor } = splitDevice(Deno.statSync(file).dev);
      assert.deepEqual(findDisk(file), diskOfNumber(`${major}:${minor}`));
      assert.deepEqual(findDisk(onDisk ?? ""), findDisk(file));
    } finally {
      Deno.removeSync(file);
    }
  },
});

Deno.test("splitDevice splits what stat gives", () => {
  assert.deepEqual(splitDevice(0x0801), { major: 8, minor: 1 });
  assert.deepEqual(splitDevice(0x10fe12), { major: 0xfe, minor: 0x112 });
  // NVMe's extended numbers have minors beyond 8 bits.
  assert.deepEqual(splitDevice(0xfff10302), { major: 259, minor: 0xfff02 });
});
