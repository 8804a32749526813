/**
 * Who can put something else in the place of a file that we trust: certificates, keys, scripts.
 *
 * Modes decide. A group is trusted, and so is the owner of a directory, whoever that is: an administrator's account may have the
 * certificates of a daemon that root runs. In a directory that everyone can write to, the owner of each entry decides: root and our own
 * account are trusted there. Directories above the one that holds the file are not checked, except those that a symbolic link on the way
 * names.
 *
 * @module
 */
import { basename, dirname, isAbsolute } from "node:path";
import { joinPath, withoutParents } from "./paths.ts";

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

/**
 * Tells whether others than owner and group can write to a file or directory. A read-only mount does not keep them from it: the same
 * directory may be mounted writable elsewhere.
 */
export function othersCanWrite({ mode }: Pick<Deno.FileInfo, "mode">): boolean {
  return ((mode ?? 0) & OTHERS_WRITE) !== 0;
}

/**
 * Finds the directory in which others can put something else in the place of a file; `undefined` if there is none. They cannot in a sticky
 * directory, such as a mounted Secret of Kubernetes, where the directory, each link and the file belong to root or us.
 *
 * @param path The file; of a symbolic link, each link and directory on the way is checked as well.
 * @param opened The file that this path has opened, which must still be the one there in a directory that others can write to. Without it
 * the file need not exist.
 */
export function findWeakDirectory(
  path: string,
  opened?: Pick<Deno.FileInfo, "uid" | "dev" | "ino">,
): WeakDirectory | undefined {
  const names = [basename(path)];
  let directory = realDirectory(dirname(path));
  let shared: string | undefined;
  let last: Deno.FileInfo | undefined;
  for (let links = 0; links <= MAX_LINKS;) {
    const name = names.shift();
    if (name === undefined) {
      const replaced = opened !== undefined && (last?.dev !== opened.dev || last.ino !== opened.ino);
      return shared === undefined || !replaced ? undefined : replacedIn(shared, path);
    }
    const info = infoOf(() => Deno.statSync(directory));
    if (info === undefined) return opened && replacedIn(directory, path);
    if (name === "..") {
      directory = dirname(directory);
      continue;
    }
    const entry = joinPath(directory, name);
    last = infoOf(() => Deno.lstatSync(entry));
    if (othersCanWrite(info)) {
      shared = directory;
      const reason = checkShared(directory, info, entry, last);
      if (reason !== undefined) return { directory, reason };
    }
    const target = last?.isSymlink ? linkTarget(entry) : undefined;
    if (target === undefined) directory = names.length === 0 ? directory : entry;
    else {
      links++;
      if (isAbsolute(target)) directory = realDirectory(dirname(target));
      names.unshift(...isAbsolute(target) ? [basename(target)] : target.split("/").filter(isName));
    }
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
export function describeStranger({ uid }: Pick<Deno.FileInfo, "uid">): string | undefined {
  return uid === 0 || uid === Deno.uid() ? undefined : `another account, of user id ${uid}`;
}

/** Why an entry of a directory that others can write to is not to be trusted; `undefined` if it is. */
function checkShared(
  directory: string,
  info: Deno.FileInfo,
  entry: string,
  own: Deno.FileInfo | undefined,
): string | undefined {
  if (((info.mode ?? 0) & STICKY) === 0 || describeStranger(info) !== undefined) {
    return isReadOnly(directory)
      ? "others can write there where it is not mounted read-only; mount a directory of a mode such as 0755"
      : `others can write there; run: chmod o-w "${directory}"`;
  }
  const stranger = own && describeStranger(own);
  return stranger === undefined ? undefined : `others can write there, and "${entry}" belongs to ${stranger}`;
}

function replacedIn(directory: string, path: string): WeakDirectory {
  return { directory, reason: `"${path}" has been replaced while it was read; try again` };
}

/** The path of a directory without links, in which `..` is the directory above; as it is if there is no such directory. */
function realDirectory(path: string): string {
  try {
    return Deno.realPathSync(withoutParents(path));
  } catch {
    return path;
  }
}

function isName(name: string): boolean {
  return name !== "" && name !== ".";
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
    return undefined;
  }
}
