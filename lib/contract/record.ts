import { z } from "zod";

/**
 * An object with keys and values of these schemas. zod leaves out a key named `__proto__` without a word, and nothing that was
 * asked for must get lost: that is refused.
 */
export function recordOf<T>(keys: z.ZodType<string, string>, values: z.ZodType<T, T>) {
  return z.custom<Record<string, T>>(
    (record) => typeof record === "object" && record !== null && !Object.hasOwn(record, "__proto__"),
    'must be an object without the name "__proto__"',
  ).pipe(z.record(keys, values));
}
