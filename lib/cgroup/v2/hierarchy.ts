import { basename, dirname, join } from "node:path";
import { type Hierarchy, makeRoot, probe } from "../hierarchy.ts";
import { hasFile, readLines, reasonOf, writeValue } from "../kernel_files.ts";
import type { V2Tree } from "../locate.ts";
import { V2_CONTROLLERS } from "./controllers.ts";

/**
 * Where the daemon itself sits in a group that is delegated to it: a group with processes gets no controllers below.
 * In a unit of systemd it is to be started there (`DelegateSubgroup=daemon`, since systemd 254).
 */
export const LEAF = "daemon";

/** Rounds of moving processes out of a group: some may fork meanwhile. */
const MOST_ROUNDS = 20;

/**
 * Our directory in the v2 tree, with every controller enabled that can be: below the root of the tree, or below the group
 * that was delegated to us.
 *
 * @throws {Error} If we may make groups in neither, with a reason that can be shown.
 */
export function openHierarchy(tree: V2Tree, name: string): Hierarchy {
  const failures: unknown[] = [];
  for (const base of bases(tree)) {
    try {
      return openBelow(tree.mountPoint, base, name);
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

/**
 * The groups below which ours may be, the best one first: the one in whose leaf we were started; the root of the tree;
 * and where we may not use that, our own.
 *
 * A unit of systemd in which we are not in a leaf is not the best one, even if it is delegated: once it has controllers
 * for jobs, systemd cannot start the next daemon in it while one of them lives (status 219/CGROUP).
 */
function bases({ mountPoint, own }: V2Tree): string[] {
  if (own === null || own === mountPoint) return [mountPoint];
  return basename(own) === LEAF ? [dirname(own), mountPoint] : [mountPoint, own];
}

/** Opens our directory below `base`; leaves nothing behind if that fails. */
function openBelow(mountPoint: string, base: string, name: string): Hierarchy {
  const root = join(base, name);
  makeRoot(root);
  try {
    probe(root);
    const missing = controllersIn(base, "cgroup.controllers").filter((controller) =>
      !controllersIn(base, "cgroup.subtree_control").includes(controller)
    );
    if (missing.length > 0) moveProcesses(base);
    enableControllers(base);
    enableControllers(root);
    return { mountPoint, delegated: !isTreeRoot(base), root, controllers: V2_CONTROLLERS, files: probe(root) };
  } catch (error) {
    removeIfEmpty(root);
    throw error;
  }
}

/** The controllers of interest that a file like `cgroup.controllers` lists. */
function controllersIn(group: string, file: string): string[] {
  const listed = readLines(join(group, file))?.[0]?.split(" ") ?? [];
  return V2_CONTROLLERS.map(({ name }) => name).filter((name) => listed.includes(name));
}

/** Enables each controller by itself, so that one refusal (realtime processes refuse `+cpu`) does not lose the others. */
function enableControllers(group: string): void {
  for (const controller of controllersIn(group, "cgroup.controllers")) {
    try {
      writeValue(group, "cgroup.subtree_control", `+${controller}`);
    } catch {
      // What could not be enabled shows in the files that a new group has.
    }
  }
}

/**
 * Moves the processes of a group into a leaf below it. Before enabling anything, not on refusal: `+cpu` would succeed
 * and turn a group with processes into a threaded one, which is then of no use ("Threads" in cgroup-v2.rst).
 *
 * @throws {Error} If we may not, or some keep coming.
 */
function moveProcesses(group: string): void {
  // The root of the tree may have both processes and controllers.
  if (isTreeRoot(group)) return;
  const leaf = join(group, LEAF);
  let failure: unknown = "new ones keep coming";
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const pids = readLines(join(group, "cgroup.procs")) ?? [];
    if (pids.length === 0) return;
    makeRoot(leaf);
    for (const pid of pids) {
      try {
        writeValue(leaf, "cgroup.procs", pid);
      } catch (error) {
        // It may just have ended; if not, it is still there in the next round.
        failure = error;
      }
    }
  }
  throw new Error(`Cannot move the processes of cgroup "${group}" to "${leaf}": ${reasonOf(failure)}`);
}

/** Whether a group is the root of its tree, and not only of what a container sees of it: that alone has no such file. */
function isTreeRoot(group: string): boolean {
  return !hasFile(group, "cgroup.type");
}

function removeIfEmpty(group: string): void {
  try {
    Deno.removeSync(group);
  } catch {
    // Not empty: it was there before, and has jobs.
  }
}
