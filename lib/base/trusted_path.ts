/**
 * Who can put something else in the place of a file that we trust: certificates, keys, scripts.
 *
 * A group is trusted, as are root and our own account: whoever gives a group write access means it. Directories above the one that holds
 * the file are not checked, except those that a symbolic link on the way names.
 *
 * @module
 */
import { dirname, isAbsolute } from "node:path";
import { currentDirectory } from "./paths.ts";

/** A directory in which others can replace what we trust. */
export interface WeakDirectory {
  /** Its path. */
  readonly directory: string;
  /** Why, and what to do about it, as a clause. */
  readonly reason: string;
}

/** The sticky bit: only the owners of an entry and of the directory can rename or remove the entry (inode(7)). */
const STICKY = 0o1000;
const OTHERS_WRITE = 0o002;
/** As many links as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40;

/** Tells whether others than owner and group can write to a file or directory, which nobody can on a read-only file system. */
export function othersCanWrite(path: string, { mode, isDirectory }: Deno.FileInfo): boolean {
  return ((mode ?? 0) & OTHERS_WRITE) !== 0 && !isReadOnly(isDirectory ? path : dirname(Deno.realPathSync(path)));
}

/**
 * Finds the directory in which others can put something else in the place of a file; `undefined` if there is none. They cannot in a sticky
 * directory, such as a mounted Secret of Kubernetes, where the file is root's or ours.
 *
 * @param path The file, which need not exist; of a symbolic link, each link and directory on the way is checked as well.
 */
export function findWeakDirectory(path: string): WeakDirectory | undefined {
  // Not by resolve(), which takes `link/..` for the folder of the link.
  let rest = [isAbsolute(path) ? path : `${currentDirectory(path)}/${path}`];
  for (let links = 0; links <= MAX_LINKS; links++) {
    const [entry, ...others] = rest;
    if (entry === undefined) return undefined;
    const weak = checkEntry(entry);
    if (weak !== undefined) return weak;
    const target = linkTarget(entry);
    rest = target === undefined ? others : [...stepsTo(dirname(entry), target), ...others];
  }
  return { directory: dirname(path), reason: `"${path}" is behind too many symbolic links` };
}

/** Tells whether a directory is on a file system that is mounted for reading only here. */
export function isReadOnly(directory: string): boolean {
  const nothing = () => `${directory}/.${crypto.randomUUID()}`;
  try {
    // Changes nothing, for there is no such file. Before it finds that out, rename(2) asks for write access to the mount, also for root;
    // statfs(2) and access(2) are not to be had: node:fs of Deno 2.9 gives no flags, and looks at modes alone.
    Deno.renameSync(nothing(), nothing());
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EROFS";
  }
}

/** Tells how to take access to a file away from others, as a clause: by a command such as `chmod o=`, or where it is mounted. */
export function describeNarrowing(path: string, command: string): string {
  return isReadOnly(dirname(Deno.realPathSync(path)))
    ? "mount it with a mode such as 0400 (for a Secret of Kubernetes: defaultMode: 0400 in the volume)"
    : `run: ${command} "${path}"`;
}

/** Tells what an account is called that is neither root nor ours; `undefined` for these. */
export function describeStranger({ uid }: Deno.FileInfo): string | undefined {
  return uid === 0 || uid === Deno.uid() ? undefined : `another account, of user id ${uid}`;
}

function checkEntry(entry: string): WeakDirectory | undefined {
  const directory = dirname(entry);
  const info = infoOf(() => Deno.statSync(directory));
  if (info === undefined || !othersCanWrite(directory, info)) return undefined;
  const open = { directory, reason: `others can write there; run: chmod o-w "${directory}"` };
  if (((info.mode ?? 0) & STICKY) === 0 || describeStranger(info) !== undefined) return open;
  const own = infoOf(() => Deno.lstatSync(entry));
  const stranger = own && describeStranger(own);
  return stranger === undefined
    ? undefined
    : { directory, reason: `others can write there, and "${entry}" belongs to ${stranger}` };
}

/** The entries that the kernel passes from a directory to the target of a link in it; of an absolute target only the last. */
function stepsTo(directory: string, target: string): string[] {
  if (isAbsolute(target)) return [target];
  const steps: string[] = [];
  let here = directory;
  for (const name of target.split("/")) {
    if (name === "" || name === ".") continue;
    here = `${here}/${name}`;
    if (name !== "..") steps.push(here);
  }
  return steps;
}

function linkTarget(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
}

function infoOf(stat: () => Deno.FileInfo): Deno.FileInfo | undefined {
  try {
    return stat();
  } catch {
    // What is missing cannot be replaced; whoever reads it says that it is missing.
    return undefined;
  }
}
