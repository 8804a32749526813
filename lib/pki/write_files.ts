import { dirname } from "node:path";
import { removeIfThere } from "../base/files.ts";
import { joinPath } from "../base/paths.ts";
import { attempting } from "../base/system_error.ts";

/** A path, and what goes into the file there. */
export type NewFile = readonly [path: string, text: string];

/**
 * Creates files that only their owner can read: whole or not at all, and never in the place of one that is there, also
 * if another process creates the same at the same time. They are on the disk when it returns.
 *
 * @param files All in the same folder; created in this order.
 * @throws {Deno.errors.AlreadyExists} if one exists; then none is created.
 */
export async function writeNewFiles(files: readonly NewFile[]): Promise<void> {
  const created: string[] = [];
  try {
    for (const [path, text] of files) {
      await writeNewFile(path, text);
      created.push(path);
    }
  } catch (error) {
    for (const path of created) await Deno.remove(path);
    throw error;
  }
}

/**
 * Writes files that only their owner can read in the place of what is there: each is the old or the new one, whole. Of
 * several the first, a certificate, is away while the others, its key, change: after a crash it is missing and does not
 * stand beside a key that is not its own. They are on the disk when it returns.
 *
 * @param files All in the same folder.
 */
export async function replaceFiles(files: readonly NewFile[]): Promise<void> {
  const staged: { path: string; temporary: string }[] = [];
  try {
    for (const [path, text] of files) {
      const temporary = temporaryBeside(path);
      staged.push({ path, temporary });
      await writeTemporary(temporary, text);
    }
    const [first, ...others] = staged;
    if (first !== undefined && others.length > 0) {
      await removeIfThere(first.path);
      await sync(dirname(first.path));
    }
    for (const { path, temporary } of staged.reverse()) {
      await attempting("write", path, () => Deno.rename(temporary, path));
      await sync(dirname(path));
    }
  } catch (error) {
    for (const { temporary } of staged) await removeIfThere(temporary);
    throw error;
  }
}

async function writeNewFile(path: string, text: string): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await writeTemporary(temporary, text);
    // Unlike rename(2), link(2) fails if the new path exists.
    await attempting("write", path, () => Deno.link(temporary, path));
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) throw cause;
    throw new Deno.errors.AlreadyExists(`Cannot write "${path}": it exists already, and only --force replaces it`, {
      cause,
    });
  } finally {
    await removeIfThere(temporary);
  }
  await sync(dirname(path));
}

function temporaryBeside(path: string): string {
  return joinPath(dirname(path), `.${crypto.randomUUID()}.tmp`);
}

async function writeTemporary(path: string, text: string): Promise<void> {
  const options = { write: true, createNew: true, mode: 0o600 };
  using file = await attempting("make a file in", dirname(path), () => Deno.open(path, options));
  // By the file itself: who else may write to the folder could have put a link in the path's place.
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
  await file.sync();
}

async function sync(folder: string): Promise<void> {
  using entries = await Deno.open(folder);
  await entries.sync();
}
