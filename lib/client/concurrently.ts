/** Requests of one command that are in progress at once: a server admits no more than some dozens of connections of one client. */
export const CONCURRENT_REQUESTS = 16;

/**
 * Calls a function with each of the items, with at most `limit` of them at once; the first failure ends it.
 * @returns The results, in the order of the items.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  call: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  // One generator for all of them: it gives each item once, and none any more when a loop over it has failed.
  const entries = (function* () {
    yield* items.entries();
  })();
  const work = async () => {
    for (const [index, item] of entries) results[index] = await call(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return results;
}
