import assert from "node:assert/strict";
import { dirname } from "node:path";
import { HostCgroups } from "../../lib/cgroup/cgroups.ts";
import { detectCgroups, type Limits, parseUsage } from "../../lib/cgroup/mod.ts";
import { cgroupTest, found } from "./helpers.ts";

Deno.test("Cgroups.create makes a group without directories where there are none, but no promise", async () => {
  const cgroups = new HostCgroups(found("none", [], "This host has no cgroup tree mounted"));
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
  const cgroups = new HostCgroups(found("none", []));
  const uuid = crypto.randomUUID();
  for (
    const name of ["", ".", "..", "a", `../${uuid}`, `${uuid}/x`, `${uuid}\n`, uuid.toUpperCase().replace(/^./, "A")]
  ) {
    assert.throws(() => cgroups.create(name, {}), TypeError, name);
    assert.throws(() => cgroups.open(name), TypeError, name);
  }
});

Deno.test("Cgroups.create takes no limit that is not a number above zero", () => {
  const cgroups = new HostCgroups(found("none", []));
  for (const value of [NaN, Infinity, 0, -1]) {
    assert.throws(() => cgroups.create(crypto.randomUUID(), { memoryBytes: value }), {
      name: "RangeError",
      message: `Cannot limit memory to "${value}": not a number above zero`,
    });
    assert.throws(() => cgroups.create(crypto.randomUUID(), { readBytesPerSecond: { a: 1, b: value } }), RangeError);
  }
  assert.throws(() => cgroups.create(crypto.randomUUID(), { readBytesPerSecond: {} }), {
    name: "RangeError",
    message: "Cannot limit disk reads in bytes per second: no disk is named",
  });
});

await cgroupTest("Cgroups.create writes limits that Cgroup.limits reads back", {}, async ({ cgroups }) => {
  const wanted: Limits = {
    cpus: 0.25,
    cpuWeight: 300,
    memoryBytes: 64 * 2 ** 20,
    memoryHighBytes: 48 * 2 ** 20,
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
    const [directory = ""] = cgroups.create(crypto.randomUUID(), {}).directories;
    Deno.removeSync(directory);
    const root = dirname(directory);
    // No group may have more than the one above it on v1, or have a controller that it has not on v2.
    if (cgroups.mode === "v2") Deno.writeTextFileSync(`${root}/cgroup.subtree_control`, "-cpu");
    else Deno.writeTextFileSync(`${root}/cpu.cfs_quota_us`, "1000");
    const before = cgroups.list();
    assert.throws(
      () => cgroups.create(crypto.randomUUID(), { cpus: 1 }),
      /^Error: Cannot create cgroup ".*": Cannot write/,
    );
    assert.deepEqual(cgroups.list(), before);
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
