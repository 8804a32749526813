import { join } from "node:path";
import { type Hierarchy, makeRoot, probe } from "../hierarchy.ts";
import { hasFile, reasonOf } from "../kernel_files.ts";
import type { V1Tree } from "../locate.ts";
import { V1_CONTROLLERS } from "./controllers.ts";

/**
 * Our directories in those v1 trees in which we may make groups. A tree with several controllers (`cpu,cpuacct`) gives
 * one; a controller that is mounted twice counts once.
 *
 * @returns With the reasons why the others' controllers were refused.
 */
export function openHierarchies(
  trees: readonly V1Tree[],
  name: string,
): { hierarchies: Hierarchy[]; refused: Map<string, string> } {
  const hierarchies: Hierarchy[] = [];
  const taken = new Set<string>();
  const refused = new Map<string, string>();
  for (const { mountPoint, controllers } of trees) {
    if (controllers.every((controller) => taken.has(controller))) continue;
    const root = join(mountPoint, name);
    try {
      makeRoot(root);
      const ours = V1_CONTROLLERS.filter(({ name }) => controllers.includes(name));
      hierarchies.push({
        mountPoint,
        // Only the root of a tree has this file (cgroups(7)).
        delegated: !hasFile(mountPoint, "release_agent"),
        root,
        controllers: ours,
        files: probe(root, ours),
      });
      for (const controller of controllers) taken.add(controller);
    } catch (error) {
      for (const controller of controllers) refused.set(controller, reasonOf(error));
    }
  }
  return { hierarchies, refused };
}
