import assert from "node:assert/strict";
import { HostCgroups } from "../../lib/cgroup/cgroups.ts";
import type { Controller } from "../../lib/cgroup/controller.ts";
import { wholeDisks } from "../../lib/cgroup/disks.ts";
import type { Found } from "../../lib/cgroup/found.ts";
import type { Hierarchy } from "../../lib/cgroup/hierarchy.ts";
import type { Limit, LimitReport } from "../../lib/cgroup/mod.ts";
import { parseCostDisks, parseScheduler } from "../../lib/cgroup/notes.ts";
import { V1_CONTROLLERS } from "../../lib/cgroup/v1/controllers.ts";
import { V2_CONTROLLERS } from "../../lib/cgroup/v2/controllers.ts";
import { cgroupTest, found, withFiles } from "./helpers.ts";

function tree(
  mountPoint: string,
  controllers: readonly Controller[],
  files: readonly string[],
  group = mountPoint,
): Hierarchy {
  const delegated = group !== mountPoint;
  return { mountPoint, delegated, root: `${group}/teleworker`, controllers, files: new Set(files) };
}

function limitOf(found: Found, limit: Limit): LimitReport {
  return new HostCgroups(found).report().limits.find((report) => report.limit === limit) ?? assert.fail(limit);
}

Deno.test("Cgroups.report has every limit, and for each that works the file", () => {
  const v2 = new HostCgroups(
    found("v2", [tree("/sys/fs/cgroup", V2_CONTROLLERS, ["cpu.stat", "cpu.max", "pids.max"])]),
  );
  const { mode, reason, trees, limits } = v2.report();
  assert.deepEqual({ mode, reason, trees }, {
    mode: "v2",
    reason: null,
    trees: [{
      mountPoint: "/sys/fs/cgroup",
      group: "/sys/fs/cgroup",
      delegated: false,
      directory: "/sys/fs/cgroup/teleworker",
      controllers: ["cpu", "pids"],
    }],
  });
  assert.equal(limits.length, 10);
  assert.deepEqual(limits.filter(({ works }) => works), [
    {
      limit: "cpus",
      name: "CPU time",
      works: true,
      files: ["/sys/fs/cgroup/teleworker/*/cpu.max"],
      reason: null,
      advice: null,
      note: null,
    },
    {
      limit: "pids",
      name: "processes",
      works: true,
      files: ["/sys/fs/cgroup/teleworker/*/pids.max"],
      reason: null,
      advice: null,
      note: null,
    },
  ]);
});

Deno.test("Cgroups.report gives a reason and advice where nothing works", () => {
  const none = new HostCgroups(found("none", [], "This host has no cgroup tree mounted"));
  const { reason, trees, limits } = none.report();
  assert.deepEqual({ reason, trees }, { reason: "This host has no cgroup tree mounted", trees: [] });
  for (const { works, reason, advice, files } of limits) {
    assert.deepEqual({ works, reason, files }, {
      works: false,
      reason: "This host has no cgroup tree mounted",
      files: [],
    });
    assert.equal(advice, "Mount the tree of cgroup v2: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
  }
});

Deno.test("Cgroups.report says whose group jobs are in", () => {
  const unit = "/sys/fs/cgroup/system.slice/teleworker.service";
  const [given] = new HostCgroups(found("v2", [tree("/sys/fs/cgroup", V2_CONTROLLERS, [], unit)])).report().trees;
  assert.deepEqual([given?.group, given?.delegated], [unit, true]);
});

Deno.test("Cgroups.report names the freezer, which limits nothing", () => {
  const freezer = V1_CONTROLLERS.filter(({ name }) => name === "freezer");
  const [first] = new HostCgroups(found("v1", [tree("/sys/fs/cgroup/freezer", freezer, [])])).report().trees;
  assert.deepEqual(first?.controllers, ["freezer"]);
});

Deno.test("Cgroups.report tells how to get a controller that is not there", () => {
  const v1 = found("v1", [
    tree("/sys/fs/cgroup/cpu", V1_CONTROLLERS.filter(({ name }) => name === "cpu"), ["cpu.shares"]),
  ]);
  assert.match(
    limitOf(v1, "memoryBytes").advice ?? "",
    /^Mount its tree: mount -t cgroup -o memory memory .*CONFIG_MEMCG/,
  );
  assert.match(limitOf(v1, "cpus").advice ?? "", /^Boot a kernel .* CONFIG_CFS_BANDWIDTH/);
  assert.match(limitOf(v1, "memoryHighBytes").advice ?? "", /^Boot with cgroup v2/);
  const v2 = found("v2", [tree("/sys/fs/cgroup", V2_CONTROLLERS, ["cpu.max"])]);
  assert.match(limitOf(v2, "pids").advice ?? "", /^Boot a kernel .* CONFIG_CGROUP_PIDS .*leave pids out of v1 trees$/);
});

Deno.test("Cgroups.report tells where a controller stops that a unit did not get", () => {
  withFiles({ "unit/cgroup.controllers": "cpu pids\n" }, (directory) => {
    const unit = found("v2", [tree(directory, V2_CONTROLLERS, ["cpu.max"], `${directory}/unit`)]);
    assert.match(limitOf(unit, "memoryBytes").advice ?? "", /^Have it enabled for ".*\/unit": Delegate=yes .*\+memory/);
    assert.match(limitOf(unit, "pids").advice ?? "", /^Boot a kernel/);
  });
});

Deno.test("Cgroups.report tells what to do about missing rights", () => {
  const refused = new Map([["memory", 'Cannot create a cgroup in "/sys/fs/cgroup/memory": read-only file system']]);
  const v1: Found = { ...found("v1", [tree("/sys/fs/cgroup/cpu", V1_CONTROLLERS, ["cpu.shares"])]), refused };
  const { reason, advice } = limitOf(v1, "memoryBytes");
  assert.equal(reason, refused.get("memory"));
  assert.match(advice ?? "", /^(Give the container|Run the daemon as root)/);
});

Deno.test({
  name: "Cgroups.report says that buffered writes escape on v1, and on v2 without a memory controller",
  ignore: wholeDisks().length === 0,
  fn() {
    const v1 = found("v1", [tree("/nonexistent", V1_CONTROLLERS, ["blkio.throttle.write_bps_device"])]);
    assert.match(limitOf(v1, "writeBytesPerSecond").note ?? "", /^Buffered writes escape it: on v1/);
    const io = found("v2", [tree("/nonexistent", V2_CONTROLLERS, ["io.max"])]);
    assert.match(limitOf(io, "writeBytesPerSecond").note ?? "", /without a memory controller$/);
    assert.equal(limitOf(io, "readBytesPerSecond").note, null);
    const both = found("v2", [tree("/nonexistent", V2_CONTROLLERS, ["io.max", "memory.max", "memory.swap.max"])]);
    assert.match(
      limitOf(both, "writeOperationsPerSecond").note ?? "",
      /^Buffered writes to a file that another group began/,
    );
  },
});

Deno.test("Cgroups.report says where swap is not counted", () => {
  const notes = (...files: string[]) => [
    limitOf(found("v2", [tree("/nonexistent", V2_CONTROLLERS, files)]), "memoryBytes").note,
    limitOf(found("v1", [tree("/nonexistent", V1_CONTROLLERS, files)]), "memoryBytes").note,
  ];
  for (const note of notes("memory.max", "memory.limit_in_bytes")) assert.match(note ?? "", /^Swap is not counted/);
  const counted = notes("memory.max", "memory.swap.max", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes");
  assert.deepEqual(counted, [null, null]);
});

Deno.test("parseScheduler finds the one that is chosen", () => {
  assert.equal(parseScheduler("none [mq-deadline] kyber bfq"), "mq-deadline");
  assert.equal(parseScheduler("[none] mq-deadline"), "none");
  assert.equal(parseScheduler("none"), null);
  assert.equal(parseScheduler(""), null);
});

Deno.test("parseCostDisks finds the disks that have io.cost", () => {
  const lines = [
    "8:0 enable=0 ctrl=auto rpct=95.00 rlat=75000 wpct=95.00 wlat=150000 min=50.00 max=150.0",
    "8:16 enable=1 ctrl=auto rpct=95.00 rlat=75000 wpct=95.00 wlat=150000 min=50.00 max=150.0",
    "garbage",
  ];
  assert.deepEqual(parseCostDisks(lines), ["8:16"]);
  assert.deepEqual(parseCostDisks([]), []);
});

await cgroupTest("Cgroups.report is right about this host", {}, ({ cgroups }) => {
  const report = cgroups.report();
  const group = cgroups.create(crypto.randomUUID(), {});
  assert.deepEqual(report.trees.map(({ directory }) => `${directory}/${group.name}`), group.directories);
  for (const { works, files, limit, reason, advice } of report.limits) {
    assert.equal(works, cgroups.unenforceable({ [limit]: 1 }).length === 0, limit);
    assert.equal(works, files.length > 0, limit);
    for (const file of files) assert.ok(Deno.statSync(file.replace("*", group.name)).isFile, file);
    assert.equal(reason === null, works);
    assert.equal(advice === null, works);
  }
});
