import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { attempting, codeOf } from "./system_error.ts";
import { findWeakDirectory } from "./trusted_path.ts";

/** Most bytes of a file of certificates; a list of a hundred thousand that are revoked has some millions. */
const MAX_BYTES = 16 * 2 ** 20;

/**
 * Reads a text file that others than root, our account, its owner and a group can neither write nor put there.
 *
 * @param check Throws when the open file is to be refused because of its mode.
 * @throws {Deno.errors.NotFound} if it is missing.
 * @throws {Deno.errors.PermissionDenied} if others can replace it.
 * @throws {Error} if it cannot be read, is is larger than 16 MiB, or is not a regular file.
 */
export async function readTrustedFile(
  path: string,
  check: (info: { readonly mode: number; readonly uid: number }) => void,
): Promise<string> {
  // All that is found out is of the open file: who can change the path could show one file and have another read.
  await using file = await openFile(path);
  const info = await file.stat();
  if (!info.isFile()) throw new Error(`Cannot read "${path}": it is not a regular file`);
  // Something huge would fill the memory.
  if (info.size > MAX_BYTES) throw new Error(`Cannot read "${path}": it is larger than ${MAX_BYTES} bytes`);
  check(info);
  const weak = findWeakDirectory(path, info);
  if (weak !== undefined) throw new Deno.errors.PermissionDenied(`Cannot trust "${weak.directory}": ${weak.reason}`);
  return await attempting("read", path, () => file.readFile("utf8"));
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // A FIFO would be waited for for ever (open(2)).
    return await attempting("read", path, () => open(path, constants.O_RDONLY | constants.O_NONBLOCK));
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (codeOf(cause) !== "ENOENT") throw error;
    throw new Deno.errors.NotFound(`Cannot read "${path}": it does not exist`, { cause });
  }
}
