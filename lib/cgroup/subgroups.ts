import { join } from "node:path";

/** A group's directory and those of the groups that its processes made below it, the deepest first. */
export function subgroups(directory: string): string[] {
  let below: string[];
  try {
    below = [...Deno.readDirSync(directory)].filter((entry) => entry.isDirectory).map(({ name }) => name);
  } catch {
    // It is gone, and so is what was in it.
    return [];
  }
  return [...below.flatMap((name) => subgroups(join(directory, name))), directory];
}
