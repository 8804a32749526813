import { dirname, join } from "node:path";

/**
 * Creates files that only their owner can read: whole or not at all, and never in the place of one that is there, also
 * if another process creates the same at the same time. They are on the disk when it returns.
 *
 * @param files Paths, all in the same folder, and what goes into them; created in this order.
 * @throws {Deno.errors.AlreadyExists} if one exists; then none is created.
 */
export async function writeNewFiles(files: readonly (readonly [path: string, text: string])[]): Promise<void> {
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

async function writeNewFile(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${crypto.randomUUID()}.tmp`);
  using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
  try {
    await Deno.writeTextFile(temporary, text);
    await file.sync();
    // Unlike rename(2), link(2) fails if the new path exists.
    await Deno.link(temporary, path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) throw cause;
    throw new Deno.errors.AlreadyExists(`Cannot write "${path}": it exists already`, { cause });
  } finally {
    await Deno.remove(temporary);
  }
  using entries = await Deno.open(folder);
  await entries.sync();
}
