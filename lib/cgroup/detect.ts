import { type Cgroups, HostCgroups } from "./cgroups.ts";
import { reasonOf } from "./kernel_files.ts";
import { locate, type Location } from "./locate.ts";
import { openHierarchies } from "./v1/hierarchies.ts";
import { openHierarchy } from "./v2/hierarchy.ts";

/**
 * Finds out how jobs can be limited on this host, and makes ready for it: our directory is made in each tree, and the
 * controllers of v2 are enabled. Where this process may use only its own group (a container, a service of a user), all
 * processes in that move to a leaf of it named `daemon`. A second call finds all that done.
 *
 * @param options.name Our directory in each tree: letters, digits, `_`, `.` and `-`.
 * @throws {TypeError} If the name is anything else, or `.` or `..`. A host without cgroups is no error: it has mode
 * `none`, and one that does not let us has a {@linkcode Cgroups.reason}.
 */
export function detectCgroups({ name }: { name: string }): Cgroups {
  if (!/^[A-Za-z0-9_.-]+$/.test(name) || name === "." || name === "..") {
    throw new TypeError(`Cannot use "${name}" as the name of a cgroup: not letters, digits, "_", "." or "-"`);
  }
  let location: Location;
  try {
    location = locate(Deno.readTextFileSync("/proc/self/mountinfo"), Deno.readTextFileSync("/proc/self/cgroup"));
  } catch (error) {
    return new HostCgroups("none", [], `Cannot look for cgroups: ${reasonOf(error)}`);
  }
  switch (location.mode) {
    case "none":
      return new HostCgroups("none", [], "This host has no cgroup tree mounted");
    case "v2":
      try {
        return new HostCgroups("v2", [openHierarchy(location.tree, name)], null);
      } catch (error) {
        return new HostCgroups("v2", [], reasonOf(error));
      }
    default: {
      const { hierarchies, reason } = openHierarchies(location.trees, name);
      return new HostCgroups(location.mode, hierarchies, reason);
    }
  }
}
