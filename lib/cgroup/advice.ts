import { join } from "node:path";
import { controllerOf, type Found } from "./found.ts";
import { readLines } from "./kernel_files.ts";
import type { Limit } from "./limits.ts";

/** What a kernel must be built with (init/Kconfig, block/Kconfig). */
const OPTIONS: Readonly<Record<Limit, string>> = {
  cpus: "CONFIG_CFS_BANDWIDTH",
  cpuWeight: "CONFIG_FAIR_GROUP_SCHED",
  memoryBytes: "CONFIG_MEMCG",
  memoryHighBytes: "CONFIG_MEMCG",
  pids: "CONFIG_CGROUP_PIDS",
  readBytesPerSecond: "CONFIG_BLK_DEV_THROTTLING",
  writeBytesPerSecond: "CONFIG_BLK_DEV_THROTTLING",
  readOperationsPerSecond: "CONFIG_BLK_DEV_THROTTLING",
  writeOperationsPerSecond: "CONFIG_BLK_DEV_THROTTLING",
  ioWeight: "CONFIG_BFQ_GROUP_IOSCHED or CONFIG_BLK_CGROUP_IOCOST",
};

/** What to do about a limit that a host cannot enforce, in a sentence. */
export function adviceOn({ mode, hierarchies, reason, refused }: Found, limit: Limit): string {
  const controller = controllerOf(limit, mode)?.name;
  if (mode === "none") return "Mount the tree of cgroup v2: mount -t cgroup2 cgroup2 /sys/fs/cgroup";
  if (controller === undefined) {
    return "Boot with cgroup v2: systemd.unified_cgroup_hierarchy=1, or cgroup_no_v1=all without systemd";
  }
  if (refused.has(controller) || (hierarchies.length === 0 && reason !== null)) return adviceOnRights();
  const kernel = `a kernel that is built with ${OPTIONS[limit]} and not started with cgroup_disable=${controller}`;
  if (mode !== "v2") {
    const mounted = hierarchies.some(({ controllers }) => controllers.some(({ name }) => name === controller));
    if (mounted) return `Boot ${kernel}`;
    return `Mount its tree: mount -t cgroup -o ${controller} ${controller} /sys/fs/cgroup/${controller}; it needs ${kernel}`;
  }
  const given = hierarchies.find(({ delegated }) => delegated);
  if (given === undefined) return `Boot ${kernel}, and leave ${controller} out of v1 trees`;
  const listed = readLines(join(given.root, "..", "cgroup.controllers"))?.[0]?.split(" ").includes(controller) ?? false;
  if (listed) return `Boot ${kernel}`;
  return `Have it enabled for "${join(given.root, "..")}": Delegate=yes in a unit of systemd, or +${controller} in ` +
    "cgroup.subtree_control of the groups above it";
}

function adviceOnRights(): string {
  return Deno.uid() === 0
    ? "Give the container a cgroup tree that it can write to"
    : "Run the daemon as root, or in a unit of systemd with Delegate=yes and DelegateSubgroup=daemon";
}
