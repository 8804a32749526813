import { dirname, join } from "node:path";
import type { Controller } from "./controller.ts";
import { reasonOf } from "./kernel_files.ts";

/** A directory of ours in a cgroup tree, in which each job gets a group. */
export interface Hierarchy {
  /** Where the tree is mounted. */
  readonly mountPoint: string;
  /** Whether the group that ours is in was given to us by whoever has the tree, like a container's or a unit's. */
  readonly delegated: boolean;
  readonly root: string;
  readonly controllers: readonly Controller[];
  /** What a new group there has: which limits can be enforced depends on the kernel's configuration. */
  readonly files: ReadonlySet<string>;
}

/**
 * Makes our directory in a tree, if it is not there already.
 *
 * @throws {Error} If that is not allowed, with a reason that can be shown.
 */
export function makeRoot(root: string): void {
  try {
    Deno.mkdirSync(root);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw cannotCreateIn(dirname(root), error);
  }
}

/**
 * Makes a group, looks at its files, activates controllers in it, and removes it: only that tells whether we may and what
 * the kernel offers.
 *
 * @throws {Error} If it cannot be made, with a reason that can be shown.
 */
export function probe(root: string, controllers: readonly Controller[] = []): Set<string> {
  const group = join(root, `probe-${crypto.randomUUID()}`);
  try {
    Deno.mkdirSync(group);
  } catch (error) {
    throw cannotCreateIn(root, error);
  }
  try {
    for (const controller of controllers) controller.activate?.(group);
    return new Set([...Deno.readDirSync(group)].filter(({ isFile }) => isFile).map(({ name }) => name));
  } finally {
    Deno.removeSync(group);
  }
}

function cannotCreateIn(directory: string, error: unknown): Error {
  return new Error(`Cannot create a cgroup in "${directory}": ${reasonOf(error)}`, { cause: error });
}
