/** The longest wait between two looks, in milliseconds. */
const LONGEST_PAUSE = 50;

/**
 * Waits until `done` says so, for at most `timeout` milliseconds. It looks again and again, soon at first: that a v1 group
 * became empty, or that a group can be removed, is no event anyone could wait for, and takes a few milliseconds.
 *
 * @returns Whether it is done.
 */
export async function until(done: () => boolean, timeout: number): Promise<boolean> {
  const end = performance.now() + timeout;
  for (let pause = 1; !done(); pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return true;
}
