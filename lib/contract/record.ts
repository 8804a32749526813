import { z } from "zod";

/**
 * An object of values by name, of which none gets lost: zod leaves out a key named `__proto__` without a word, so that one is refused.
 */
export function recordOf<Value extends string | number>(name: z.ZodString, value: z.ZodType<Value, Value>) {
  return z.custom<Record<string, Value>>(
    (input) => typeof input === "object" && input !== null && !Object.hasOwn(input, "__proto__"),
    'must be an object without the name "__proto__"',
  ).pipe(z.record(name, value));
}
