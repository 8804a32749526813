/** Tells whether a path names something, if only a link that leads nowhere; false where it cannot be looked at. */
export function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Removes a file, or an empty directory; does nothing if there is none. */
export async function removeIfThere(path: string): Promise<void> {
  await ignoreMissing(Deno.remove(path));
}

/** Removes a file, or a directory with all that is in it; does nothing if there is none. */
export async function removeAllIfThere(path: string): Promise<void> {
  await ignoreMissing(Deno.remove(path, { recursive: true }));
}

/** Removes a file like {@linkcode removeIfThere}, for a caller that must not wait. */
export function removeIfThereSync(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function ignoreMissing(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
