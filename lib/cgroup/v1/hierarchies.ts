import { join } from "node:path";
import { type Hierarchy, makeRoot, probe } from "../hierarchy.ts";
import { reasonOf } from "../kernel_files.ts";
import type { V1Tree } from "../locate.ts";
import { V1_CONTROLLERS } from "./controllers.ts";

/**
 * Our directories in those v1 trees in which we may make groups. A tree with several controllers (`cpu,cpuacct`) gives
 * one; a controller that is mounted twice counts once.
 *
 * @returns With the reason why the first of the others was refused.
 */
export function openHierarchies(
  trees: readonly V1Tree[],
  name: string,
): { hierarchies: Hierarchy[]; reason: string | null } {
  const hierarchies: Hierarchy[] = [];
  const taken = new Set<string>();
  let reason: string | null = null;
  for (const { mountPoint, controllers } of trees) {
    if (controllers.every((controller) => taken.has(controller))) continue;
    const root = join(mountPoint, name);
    try {
      makeRoot(root);
      hierarchies.push({
        root,
        controllers: V1_CONTROLLERS.filter((controller) => controllers.includes(controller.name)),
        files: probe(root),
      });
      for (const controller of controllers) taken.add(controller);
    } catch (error) {
      reason ??= reasonOf(error);
    }
  }
  return { hierarchies, reason };
}
