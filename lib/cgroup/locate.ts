import { join } from "node:path";
import { type Mount, parseMemberships, parseMountinfo } from "./mountinfo.ts";
import { V1_CONTROLLERS } from "./v1/controllers.ts";

/** Which cgroup trees a host has: only v2, only v1, both with the controllers in v1, or none. */
export type Mode = "v2" | "v1" | "hybrid" | "none";

/** A mounted v1 tree and those of its controllers that this library uses. */
export interface V1Tree {
  readonly mountPoint: string;
  readonly controllers: readonly string[];
}

/** The mounted v2 tree and the directory of this process's own group in it; null if that is not to be seen there. */
export interface V2Tree {
  readonly mountPoint: string;
  readonly own: string | null;
}

/** Where this host's controllers are. */
export type Location =
  | { readonly mode: "none" }
  | { readonly mode: "v1" | "hybrid"; readonly trees: readonly V1Tree[] }
  | { readonly mode: "v2"; readonly tree: V2Tree };

/**
 * Finds the trees to use.
 *
 * A controller is in one tree only, so v1 is used where one that limits is mounted there; then the v2 tree of a hybrid
 * host has nothing to offer.
 *
 * @param mountinfo The text of `/proc/self/mountinfo`.
 * @param memberships The text of `/proc/self/cgroup`.
 */
export function locate(mountinfo: string, memberships: string): Location {
  const mounts = parseMountinfo(mountinfo);
  const trees = mounts.filter(({ type }) => type === "cgroup").map(({ mountPoint, options }): V1Tree => ({
    mountPoint,
    controllers: V1_CONTROLLERS.map(({ name }) => name).filter((name) => options.includes(name)),
  }));
  const v2 = mounts.filter(({ type }) => type === "cgroup2");
  const limiting = new Set(
    V1_CONTROLLERS.filter(({ enforces }) => Object.keys(enforces).length > 0).map((c) => c.name),
  );
  if (trees.some(({ controllers }) => controllers.some((name) => limiting.has(name)))) {
    return {
      mode: v2.length > 0 ? "hybrid" : "v1",
      trees: trees.filter(({ controllers }) => controllers.length > 0),
    };
  }
  // Containers may see the tree twice, read-only where it is expected and writable where they were given it.
  const mount = v2.find(({ readOnly }) => !readOnly) ?? v2[0];
  if (mount === undefined) return { mode: "none" };
  const membership = parseMemberships(memberships).find(({ controllers }) => controllers.length === 0);
  return {
    mode: "v2",
    tree: { mountPoint: mount.mountPoint, own: membership === undefined ? null : directoryOf(membership.path, mount) },
  };
}

/** Where a group is seen below a mount; null if it is outside of what the mount shows. */
function directoryOf(path: string, { root, mountPoint }: Mount): string | null {
  // A group that is removed while we are in it has " (deleted)" behind its name.
  if (path.startsWith("/..") || path.endsWith(" (deleted)")) return null;
  if (root === "/" || path === root) return join(mountPoint, root === "/" ? path : "/").replace(/(.)\/$/, "$1");
  return path.startsWith(`${root}/`) ? join(mountPoint, path.slice(root.length)) : null;
}
