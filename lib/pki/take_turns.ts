import { attempting } from "../base/system_error.ts";
/**
 * Waits until nobody else makes or revokes certificates in a folder, and keeps the others waiting until it is disposed (flock(2)): of two
 * that replace the same certificate the one's would come to stand beside the other's key, and who revokes all of a client's would miss the
 * one that is just being made.
 *
 * @throws {Deno.errors.NotFound} if there is no such folder.
 */
export async function takeTurns(folder: string): Promise<Disposable> {
  const handle = await attempting("open", folder, () => Deno.open(folder));
  try {
    await handle.lock(true);
  } catch (error) {
    handle.close();
    throw error;
  }
  return handle;
}
