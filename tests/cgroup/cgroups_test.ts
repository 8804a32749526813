import assert from "node:assert/strict";
import { HostCgroups } from "../../lib/cgroup/cgroups.ts";
import type { Hierarchy } from "../../lib/cgroup/hierarchy.ts";
import { detectCgroups, type Limits, parseUsage } from "../../lib/cgroup/mod.ts";
import { V1_CONTROLLERS } from "../../lib/cgroup/v1/controllers.ts";
import { V2_CONTROLLERS } from "../../lib/cgroup/v2/controllers.ts";
import { cgroupTest } from "./helpers.ts";

const ALL: Limits = {
  cpus: 1,
  cpuWeight: 1,
  memoryBytes: 1,
  pids: 1,
  readBytesPerSecond: 1,
  writeBytesPerSecond: 1,
  readOperationsPerSecond: 1,
  writeOperationsPerSecond: 1,
  ioWeight: 1,
};

Deno.test("Cgroups.unenforceable gives the reason for each limit where there are none at all", () => {
  const cgroups = new HostCgroups("none", [], "This host has no cgroup tree mounted");
  assert.equal(cgroups.unenforceable(ALL).length, 9);
  assert.deepEqual(cgroups.unenforceable({ pids: 1 }), [
    "Cannot limit processes: This host has no cgroup tree mounted",
  ]);
  assert.deepEqual(cgroups.unenforceable({}), []);
});

Deno.test("Cgroups.unenforceable names the controller and files that a kernel lacks", () => {
  const files = new Set(["cpu.stat", "cpu.max", "memory.max", "io.max"]);
  const v2 = new HostCgroups("v2", [{ root: "/nonexistent", controllers: V2_CONTROLLERS, files }], null);
  assert.deepEqual(v2.controllers, ["cpu", "io", "memory"]);
  assert.equal(v2.reason, null);
  assert.deepEqual(v2.unenforceable({ cpus: 1, memoryBytes: 1 }), []);
  assert.deepEqual(v2.unenforceable({ cpuWeight: 5, pids: 1, ioWeight: 1 }), [
    'Cannot limit CPU weight: this host has no cpu controller with "cpu.weight"',
    'Cannot limit processes: this host has no pids controller with "pids.max"',
    'Cannot limit disk weight: this host has no io controller with "io.weight" or "io.bfq.weight"',
  ]);
});

Deno.test("Cgroups.unenforceable tells what is not mounted on v1", () => {
  const memory: Hierarchy = {
    root: "/nonexistent",
    controllers: V1_CONTROLLERS.filter(({ name }) => name === "memory"),
    files: new Set(["memory.limit_in_bytes"]),
  };
  const v1 = new HostCgroups("v1", [memory], "Cannot create cgroup");
  assert.deepEqual(v1.controllers, ["memory"]);
  assert.equal(v1.reason, null);
  assert.deepEqual(v1.unenforceable({ memoryBytes: 1, cpus: 1 }), [
    'Cannot limit CPU time: this host has no cpu controller with "cpu.cfs_quota_us"',
  ]);
});

Deno.test("Cgroups without a controller that limits have a reason", () => {
  const freezer = V1_CONTROLLERS.filter(({ name }) => name === "freezer");
  const cgroups = new HostCgroups("v1", [{ root: "/nonexistent", controllers: freezer, files: new Set() }], null);
  assert.equal(cgroups.reason, "No controller of this host can be used for groups");
});

Deno.test("Cgroups.create makes a group without directories where there are none, but no promise", async () => {
  const cgroups = new HostCgroups("none", [], "This host has no cgroup tree mounted");
  assert.throws(() => cgroups.create(crypto.randomUUID(), { pids: 1 }), Deno.errors.NotSupported);
  const group = cgroups.create(crypto.randomUUID(), {});
  assert.deepEqual(group.directories, []);
  assert.deepEqual(group.usage(), parseUsage({}));
  assert.deepEqual(group.processes(), []);
  await group.kill();
  await group.remove();
  assert.deepEqual(cgroups.list(), []);
});

Deno.test("Cgroups.create and open take nothing but a UUID for a name", () => {
  const cgroups = new HostCgroups("none", [], null);
  const uuid = crypto.randomUUID();
  for (
    const name of ["", ".", "..", "a", `../${uuid}`, `${uuid}/x`, `${uuid}\n`, uuid.toUpperCase().replace(/^./, "A")]
  ) {
    assert.throws(() => cgroups.create(name, {}), TypeError, name);
    assert.throws(() => cgroups.open(name), TypeError, name);
  }
});

Deno.test("Cgroups.create takes no limit that is not a number above zero", () => {
  const cgroups = new HostCgroups("none", [], null);
  for (const value of [NaN, Infinity, 0, -1]) {
    assert.throws(() => cgroups.create(crypto.randomUUID(), { memoryBytes: value }), {
      name: "RangeError",
      message: `Cannot limit memory to "${value}": not a number above zero`,
    });
  }
});

await cgroupTest("Cgroups.create writes limits that Cgroup.limits reads back", {}, async ({ cgroups }) => {
  const wanted: Limits = {
    cpus: 0.25,
    cpuWeight: 300,
    memoryBytes: 64 * 2 ** 20,
    pids: 100,
    readBytesPerSecond: 2 ** 20,
    writeBytesPerSecond: 2 ** 21,
    readOperationsPerSecond: 1000,
    writeOperationsPerSecond: 2000,
    ioWeight: 50,
  };
  const entries = Object.entries(wanted).filter(([key, value]) => cgroups.unenforceable({ [key]: value }).length === 0);
  const limits: Limits = Object.fromEntries(entries);
  const group = cgroups.create(crypto.randomUUID(), limits);
  assert.deepEqual(group.limits(), limits);
  await group.remove();
  assert.deepEqual(group.limits(), {});
});

await cgroupTest("Cgroups.create without limits limits nothing", {}, ({ cgroups }) => {
  assert.deepEqual(cgroups.create(crypto.randomUUID(), {}).limits(), {});
});

await cgroupTest(
  "Cgroups.create refuses a second group of the same name, and leaves the first alone",
  {},
  ({ cgroups }) => {
    const group = cgroups.create(crypto.randomUUID(), {});
    assert.throws(() => cgroups.create(group.name, {}), /already|file exists/i);
    for (const directory of group.directories) assert.ok(Deno.statSync(directory).isDirectory);
  },
);

await cgroupTest(
  "Cgroups.create leaves nothing behind when the kernel refuses a limit",
  { limits: { cpus: 1 } },
  ({ cgroups }) => {
    assert.throws(
      () => cgroups.create(crypto.randomUUID(), { cpus: 1e12 }),
      /^Error: Cannot create cgroup ".*": Cannot write/,
    );
    assert.deepEqual(cgroups.list(), []);
  },
);

await cgroupTest(
  "Cgroups.open finds a group made by another, until it is removed",
  { limits: { pids: 1 } },
  async ({ cgroups, name }) => {
    const made = cgroups.create(crypto.randomUUID(), { pids: 7 });
    const others = detectCgroups({ name });
    assert.deepEqual(others.list(), [made.name]);
    const opened = others.open(made.name);
    assert.deepEqual(opened.directories, made.directories);
    assert.deepEqual(opened.usageFiles, made.usageFiles);
    assert.deepEqual(opened.limits(), { pids: 7 });
    await opened.remove();
    await made.remove();
    assert.deepEqual(others.list(), []);
    const gone = others.open(made.name);
    assert.deepEqual(gone.directories, []);
    assert.deepEqual(gone.usage(), parseUsage({}));
    assert.deepEqual(made.usage(), parseUsage({}));
  },
);

await cgroupTest("Cgroups.list names nothing but jobs' groups", {}, ({ cgroups }) => {
  const names = [crypto.randomUUID(), crypto.randomUUID()].sort();
  const [group] = names.map((name) => cgroups.create(name, {}));
  const other = `${group?.directories[0]}/../other`;
  Deno.mkdirSync(other);
  try {
    assert.deepEqual(cgroups.list(), names);
  } finally {
    Deno.removeSync(other);
  }
});
