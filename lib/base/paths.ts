/**
 * Paths as the kernel means them (path_resolution(7)): `..` behind a symbolic link leaves the folder that the link leads to. `join`,
 * `resolve` and `normalize` of `node:path` fold it in the text, and so name another file; no path that a user names goes through them.
 * @module
 */
import { readVariable } from "./utf8.ts";

/** Makes a path absolute, by the current folder unless `base` is given. Components that mean nothing are left out; `..` stays. */
export function absolutePath(path: string, base?: string): string {
  const whole = path.startsWith("/") ? path : `${base ?? currentDirectory(path)}/${path}`;
  return `/${namesOf(whole).join("/")}`;
}

/**
 * Gives the directory that a relative path is read in.
 * @throws {Error} when it was removed: the launcher of a self-contained program says so, and starts Deno in an empty one instead.
 */
export function currentDirectory(path: string): string {
  const removed = `Cannot use "${path}": the current directory was removed; run: cd DIR`;
  if (readVariable("TELEWORKER_NO_DIRECTORY")) throw new Error(removed);
  try {
    return Deno.cwd();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(removed, { cause: error });
  }
}

/** Gives the path of a name in a folder. */
export function joinPath(folder: string, name: string): string {
  return `${folder.replace(/\/+$/, "")}/${name}`;
}

/** Symbolic links that the kernel follows on one path (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * Gives a path of the same file without `..`, for a process that has not all permissions: in that Deno itself folds every path.
 * @throws {Error} when what is before a `..` is not a folder that can be looked at.
 */
export function withoutParents(path: string): string {
  if (!path.split("/").includes("..")) return path;
  const above: string[] = [];
  const left = namesOf(absolutePath(path));
  for (let links = 0; left.includes("..");) {
    const name = left.shift() ?? "";
    if (name === "..") above.pop();
    else {
      const target = targetOf(`/${[...above, name].join("/")}`, path);
      if (target === null) above.push(name);
      else if (++links > MAX_LINKS) throw new Error(`Cannot use "${path}": it has too many levels of symbolic links`);
      else {
        if (target.startsWith("/")) above.length = 0;
        left.unshift(...namesOf(target));
      }
    }
  }
  return `/${[...above, ...left].join("/")}`;
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** What a symbolic link says; null for a folder. */
function targetOf(place: string, path: string): string | null {
  try {
    const { isSymlink, isDirectory } = Deno.lstatSync(place);
    if (isSymlink) return Deno.readLinkSync(place);
    if (isDirectory) return null;
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound ? "does not exist" : "cannot be looked at";
    throw new Error(`Cannot use "${path}": "${place}" ${reason}`, { cause: error });
  }
  throw new Error(`Cannot use "${path}": "${place}" is not a directory`);
}
