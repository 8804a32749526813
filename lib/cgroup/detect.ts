import { type Cgroups, HostCgroups } from "./cgroups.ts";
import type { Found } from "./found.ts";
import { reasonOf } from "./kernel_files.ts";
import { locate, type Location } from "./locate.ts";
import { openHierarchies } from "./v1/hierarchies.ts";
import { LEAF, openHierarchy } from "./v2/hierarchy.ts";

/**
 * Finds out how jobs can be limited on this host, and makes ready for it: our directory is made in each tree, and the
 * controllers of v2 are enabled. Where this process may use only its own group (a container, a service of a user), all
 * processes in that move to a leaf of it named `daemon`. A second call finds all that done.
 *
 * @param options.name Our directory in each tree: letters, digits, `_`, `.` and `-`.
 * @throws {TypeError} If the name is anything else, or `.`, `..`, or that of the leaf. A host without cgroups is no error: it has mode
 * `none`, and one that does not let us has a {@linkcode Cgroups.reason}.
 */
export function detectCgroups({ name }: { name: string }): Cgroups {
  if (!/^[A-Za-z0-9_.-]+$/.test(name) || name === "." || name === "..") {
    throw new TypeError(`Cannot use "${name}" as the name of a cgroup: not letters, digits, "_", "." or "-"`);
  }
  if (name === LEAF) {
    throw new TypeError(`Cannot use "${name}" as the name of a cgroup: the daemon itself may sit there`);
  }
  return new HostCgroups(find(name));
}

function find(name: string): Found {
  const none = { hierarchies: [], refused: new Map() };
  let location: Location;
  try {
    location = locate(Deno.readTextFileSync("/proc/self/mountinfo"), Deno.readTextFileSync("/proc/self/cgroup"));
  } catch (error) {
    return { ...none, mode: "none", reason: `Cannot look for cgroups: ${reasonOf(error)}` };
  }
  switch (location.mode) {
    case "none":
      return { ...none, mode: "none", reason: "This host has no cgroup tree mounted" };
    case "v2":
      try {
        return { ...none, mode: "v2", hierarchies: [openHierarchy(location.tree, name)], reason: null };
      } catch (error) {
        return { ...none, mode: "v2", reason: reasonOf(error) };
      }
    default: {
      const { hierarchies, refused } = openHierarchies(location.trees, name);
      const [reason = null] = refused.values();
      return { mode: location.mode, hierarchies, reason, refused };
    }
  }
}
