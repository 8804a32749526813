import type { Controller } from "./controller.ts";
import type { Hierarchy } from "./hierarchy.ts";
import type { Limit } from "./limits.ts";
import type { Mode } from "./locate.ts";
import { V1_CONTROLLERS } from "./v1/controllers.ts";
import { V2_CONTROLLERS } from "./v2/controllers.ts";

/** What was found on a host. */
export interface Found {
  readonly mode: Mode;
  /** Our directories in the trees that can be used. */
  readonly hierarchies: readonly Hierarchy[];
  /** Why there are none, or not all; null if nothing went wrong. */
  readonly reason: string | null;
  /** Controllers whose tree is there but cannot be used, and why. */
  readonly refused: ReadonlyMap<string, string>;
}

/** The controller that enforces a limit where a host has its trees; null if none of this version can. */
export function controllerOf(limit: Limit, mode: Mode): Controller | null {
  const controllers = mode === "v2" ? V2_CONTROLLERS : V1_CONTROLLERS;
  return controllers.find(({ enforces }) => enforces[limit] !== undefined) ?? null;
}

/** The files that a limit goes to: in each of these trees those of them that a job's group has. */
export function filesOf(found: Found, limit: Limit): { hierarchy: Hierarchy; files: string[] }[] {
  const files = controllerOf(limit, found.mode)?.enforces[limit] ?? [];
  return found.hierarchies
    .map((hierarchy) => ({ hierarchy, files: files.filter((file) => hierarchy.files.has(file)) }))
    .filter(({ files }) => files.length > 0);
}

/** Why no value of a limit can be enforced on a host, in words that follow a colon; null if some can. */
export function whyMissing(found: Found, limit: Limit): string | null {
  const controller = controllerOf(limit, found.mode);
  if (controller === null) return "cgroup v1, which this host has, cannot";
  if (filesOf(found, limit).length > 0) return null;
  const files = controller.enforces[limit] ?? [];
  return found.refused.get(controller.name) ??
    `this host has no ${controller.name} controller with ${files.map((file) => `"${file}"`).join(" or ")}`;
}
