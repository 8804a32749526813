import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folders that hold trees of real files on most hosts. */
const PLACES = ["/usr/share", "/usr/lib", "/usr/local/lib"];
/** Bytes: enough to watch it being compressed, little enough for half a minute. */
const SIZE = { least: 6 * 2 ** 20, most: 32 * 2 ** 20 };
/** Files and folders: enough names to watch, few enough to look at each before. */
const ENTRIES = { least: 200, most: 10_000 };

/** A tree of files to compress. */
export interface Tree {
  readonly path: string;
  /** Of all its files, in bytes. */
  readonly size: number;
  /** Files, folders and links, itself included. */
  readonly entries: number;
}

/** A tree of a good size that anyone may read; without one, this project's own. */
export function findTree(): Tree {
  for (const place of PLACES) {
    for (const path of foldersIn(place)) {
      const tree = measure(path);
      if (tree !== null && tree.size >= SIZE.least && tree.entries >= ENTRIES.least) return tree;
    }
  }
  const own = measure(fileURLToPath(new URL("../../lib", import.meta.url)));
  if (own === null) throw new Error("There is no tree of files to compress");
  return own;
}

function foldersIn(place: string): string[] {
  try {
    return [...Deno.readDirSync(place)].filter(({ isDirectory }) => isDirectory).map(({ name }) => join(place, name))
      .sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Null for a tree that is too large, or not all of which anyone may read. */
function measure(path: string): Tree | null {
  let size = 0;
  let entries = 0;
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { isDirectory, isSymlink, isFile, mode, size: bytes } = Deno.lstatSync(next);
    const needed = isDirectory ? 0o005 : 0o004;
    if (!isSymlink && ((mode ?? 0) & needed) !== needed) return null;
    if (isFile) size += bytes;
    if (++entries > ENTRIES.most || size > SIZE.most) return null;
    if (isDirectory) { for (const { name } of Deno.readDirSync(next)) waiting.push(join(next, name)); }
  }
  return { path, size, entries };
}
