import assert from "node:assert/strict";
import type { Capacity } from "../../lib/cgroup/capacity.ts";
import { HostCgroups } from "../../lib/cgroup/cgroups.ts";
import type { Controller } from "../../lib/cgroup/controller.ts";
import type { Hierarchy } from "../../lib/cgroup/hierarchy.ts";
import type { Limits } from "../../lib/cgroup/mod.ts";
import { V1_CONTROLLERS } from "../../lib/cgroup/v1/controllers.ts";
import { V2_CONTROLLERS } from "../../lib/cgroup/v2/controllers.ts";
import { found } from "./helpers.ts";

/** A tree of which nothing is really there. */
function hierarchy(controllers: readonly Controller[], files: ReadonlySet<string>): Hierarchy {
  return { mountPoint: "/nonexistent", delegated: false, root: "/nonexistent/root", controllers, files };
}

const ALL: Limits = {
  cpus: 1,
  cpuWeight: 1,
  memoryBytes: 1,
  memoryHighBytes: 1,
  pids: 1,
  readBytesPerSecond: 1,
  writeBytesPerSecond: 1,
  readOperationsPerSecond: 1,
  writeOperationsPerSecond: 1,
  ioWeight: 1,
};

Deno.test("Cgroups.unenforceable gives the reason for each limit where there are none at all", () => {
  const cgroups = new HostCgroups(found("none", [], "This host has no cgroup tree mounted"));
  assert.equal(cgroups.unenforceable(ALL).length, 10);
  assert.deepEqual(cgroups.unenforceable({ pids: 1 }), [
    "Cannot limit processes: This host has no cgroup tree mounted",
  ]);
  assert.deepEqual(cgroups.unenforceable({}), []);
});

Deno.test("Cgroups.unenforceable names the controller and files that a kernel lacks", () => {
  const files = new Set(["cpu.stat", "cpu.max", "memory.max", "io.max"]);
  const v2 = new HostCgroups(found("v2", [hierarchy(V2_CONTROLLERS, files)]));
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
  const memory = V1_CONTROLLERS.filter(({ name }) => name === "memory");
  const v1 = new HostCgroups(found("v1", [hierarchy(memory, new Set(["memory.limit_in_bytes"]))]));
  assert.deepEqual(v1.controllers, ["memory"]);
  assert.equal(v1.reason, null);
  assert.deepEqual(v1.unenforceable({ memoryBytes: 1, cpus: 1 }), [
    'Cannot limit CPU time: this host has no cpu controller with "cpu.cfs_quota_us"',
  ]);
});

Deno.test("Cgroups.unenforceable tells why a tree that is mounted cannot be used", () => {
  const files = new Set(["memory.limit_in_bytes"]);
  const v1 = new HostCgroups({
    ...found("v1", [hierarchy(V1_CONTROLLERS, files)]),
    refused: new Map([["cpu", 'Cannot create a cgroup in "/sys/fs/cgroup/cpu": permission denied']]),
  });
  assert.deepEqual(v1.unenforceable({ memoryBytes: 1, cpus: 1 }), [
    'Cannot limit CPU time: Cannot create a cgroup in "/sys/fs/cgroup/cpu": permission denied',
  ]);
});

Deno.test("Cgroups.unenforceable refuses to throttle memory on v1", () => {
  for (const mode of ["v1", "hybrid"] as const) {
    const cgroups = new HostCgroups(found(mode, [hierarchy(V1_CONTROLLERS, new Set(["memory.limit_in_bytes"]))]));
    assert.deepEqual(cgroups.unenforceable({ memoryHighBytes: 1 }), [
      "Cannot limit memory by throttling: cgroup v1, which this host has, cannot",
    ]);
  }
});

const CAPACITY: Capacity = { cpus: 4, memoryBytes: 1000, pids: 32768 };

Deno.test("Cgroups.unenforceable refuses more than the host has, and takes all that it has", () => {
  const files = new Set(["cpu.max", "memory.max", "memory.high", "pids.max"]);
  const v2 = new HostCgroups(found("v2", [hierarchy(V2_CONTROLLERS, files)]), CAPACITY);
  assert.deepEqual(v2.unenforceable({ cpus: 4, memoryBytes: 1000, memoryHighBytes: 1000, pids: 32768 }), []);
  assert.deepEqual(v2.unenforceable({ cpus: 4.1, memoryBytes: 1001, memoryHighBytes: 1002, pids: 32769 }), [
    "Cannot limit CPU time: 4.1 CPUs are more than the 4 of this host",
    "Cannot limit memory: 1001 bytes are more than the 1000 bytes of this host",
    "Cannot limit memory by throttling: 1002 bytes are more than the 1000 bytes of this host",
    "Cannot limit processes: 32769 processes are more than the 32768 of this host",
  ]);
  assert.deepEqual(v2.unenforceable({ memoryBytes: 10, memoryHighBytes: 11 }), [
    "Cannot limit memory by throttling: 11 bytes are more than the 10 bytes of the job's limit",
  ]);
  assert.deepEqual(v2.unenforceable({ memoryBytes: 100 * 2 ** 40 }), [
    "Cannot limit memory: 100T are more than the 1000 bytes of this host",
  ]);
  const large = new HostCgroups(found("v2", [hierarchy(V2_CONTROLLERS, files)]), {
    ...CAPACITY,
    memoryBytes: 1.5 * 2 ** 30,
  });
  assert.deepEqual(large.unenforceable({ memoryBytes: 2 ** 31 }), [
    "Cannot limit memory: 2G are more than the 1.5G of this host",
  ]);
  assert.deepEqual(large.unenforceable({ memoryBytes: 1610612737 }), [
    "Cannot limit memory: 1610612737 bytes are more than the 1610612736 bytes of this host",
  ]);
});

Deno.test("Cgroups.unenforceable lets pass what the kernel does not tell of", () => {
  const files = new Set(["cpu.max", "memory.max", "pids.max"]);
  const capacity: Capacity = { cpus: null, memoryBytes: null, pids: null };
  const v2 = new HostCgroups(found("v2", [hierarchy(V2_CONTROLLERS, files)]), capacity);
  assert.deepEqual(v2.unenforceable({ cpus: 1e6, memoryBytes: 2 ** 60, pids: 1e9 }), []);
});

Deno.test("Cgroups.unenforceable names the disk that there is not", () => {
  const v2 = new HostCgroups(found("v2", [hierarchy(V2_CONTROLLERS, new Set(["io.max"]))]));
  assert.deepEqual(
    v2.unenforceable({
      readBytesPerSecond: { "no-such-disk": 1 },
      writeBytesPerSecond: { "/proc/self": 1 },
      readOperationsPerSecond: { "/no/such/file": 1 },
      writeOperationsPerSecond: { "999:1": 1 },
    }),
    [
      'Cannot limit disk reads in bytes per second: this host has no disk "no-such-disk"',
      'Cannot limit disk writes in bytes per second: "/proc/self" is on no single disk',
      'Cannot limit disk reads in operations per second: "/no/such/file" cannot be found: no such file or directory',
      'Cannot limit disk writes in operations per second: this host has no disk "999:1"',
    ],
  );
});

Deno.test("Cgroups without a controller that limits have a reason", () => {
  const freezer = V1_CONTROLLERS.filter(({ name }) => name === "freezer");
  const cgroups = new HostCgroups(found("v1", [hierarchy(freezer, new Set())]));
  assert.equal(cgroups.reason, "No controller of this host can be used for groups");
});
