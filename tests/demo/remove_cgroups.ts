/**
 * Removes the cgroups of a demo, and ends with 1 if that did not succeed. A program of its own, because only it needs every permission.
 * @module
 */
import { removeCgroups } from "../support/cgroups.ts";

const [name = ""] = Deno.args;
await removeCgroups(name);
const trees = [...Deno.readDirSync("/sys/fs/cgroup")].filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
const left = ["", ...trees].map((tree) => `/sys/fs/cgroup/${tree}/${name}`).filter(exists);
if (left.length > 0) {
  console.error(`Cannot remove ${left.join(", ")}`);
  Deno.exit(1);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
