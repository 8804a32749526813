import { z } from "zod";

/** Names in an object: each has its cost, and what is wrong with it another. */
const MOST_NAMES = 10_000;

/**
 * An object with keys and values of these schemas. zod leaves out a key named `__proto__` without a word, and nothing that was
 * asked for must get lost: that is refused.
 */
export function recordOf<T>(keys: z.ZodType<string, string>, values: z.ZodType<T, T>) {
  return z.custom<Record<string, T>>(
    (record) => typeof record === "object" && record !== null && !Object.hasOwn(record, "__proto__"),
    'must be an object without the name "__proto__"',
  ).refine((record) => Object.keys(record).length <= MOST_NAMES, `must have at most ${MOST_NAMES} names`)
    .pipe(z.record(keys, values));
}
