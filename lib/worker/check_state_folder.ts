import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { isReadOnly } from "../base/trusted_path.ts";
import { whyNotOurs } from "./state_folder.ts";

/** What a start of a worker would find of its state folder. */
export interface StateFolderCheck {
  /** Why it cannot be used, to go on after a colon; null if it can. */
  readonly problem: string | null;
  /** Whether a worker has it now. */
  readonly inUse: boolean;
}

/** Looks whether a state folder, by its absolute path, is there or can be made, can be written, and is anybody's; changes nothing. */
export async function checkStateFolder(root: string): Promise<StateFolderCheck> {
  const info = await Deno.stat(root).catch(() => null);
  if (info === null) {
    const parent = await nearest(dirname(root));
    return { problem: await canWrite(parent) ? null : `"${parent}" cannot be written`, inUse: false };
  }
  if (!info.isDirectory) return { problem: "it is not a folder", inUse: false };
  const problem = whyNotOurs(root, info);
  if (problem !== null) return { problem, inUse: false };
  if (!await canWrite(root)) return { problem: "it cannot be written", inUse: false };
  return { problem: null, inUse: await isLocked(`${root}/lock`) };
}

/** Of a folder that may be missing the first above it that is not. */
async function nearest(folder: string): Promise<string> {
  const there = await Deno.lstat(folder).then(() => true, () => false);
  return there || folder === "/" ? folder : await nearest(dirname(folder));
}

/** By the mode, which is all that node:fs of Deno 2.9 looks at, and the file system. */
async function canWrite(folder: string): Promise<boolean> {
  if (!(await Deno.stat(folder).catch(() => null))?.isDirectory) return false;
  return await access(folder, constants.W_OK | constants.X_OK).then(() => !isReadOnly(folder), () => false);
}

async function isLocked(path: string): Promise<boolean> {
  using file = await Deno.open(path, { read: true }).catch(() => null);
  // A shared lock: two who look at the same time do not see each other.
  return file !== null && !await file.tryLock(false);
}
