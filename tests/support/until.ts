/**
 * Waits for a condition rather than for time to pass.
 * @throws {Error} when it does not hold within `seconds`, a bound far beyond what it can take.
 */
export async function until<T>(what: string, condition: () => T | Promise<T>, seconds = 60): Promise<NonNullable<T>> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined && value !== null) return value;
    if (performance.now() > deadline) throw new Error(`Gave up waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
