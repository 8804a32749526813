import type { z } from "zod";
import { equal } from "../support/assert.ts";

/** The fields that a schema finds wrong in an input, as a server names them; empty when it takes the input. */
export function refusals(schema: z.ZodType, input: unknown): string[] {
  const { error } = schema.safeParse(input);
  return (error?.issues ?? []).map(({ path }) => path.join("."));
}

/** Fails unless the schema refuses every value of a field, and blames that field. */
export function refuses(schema: z.ZodType, field: string, values: readonly unknown[], rest: object = {}): void {
  for (const value of values) {
    const [blamed] = refusals(schema, { ...rest, [field]: value });
    equal(blamed?.split(".")[0], field, `${field}: ${Deno.inspect(value)}`);
  }
}

/** Fails unless the schema takes every value of a field. */
export function takes(schema: z.ZodType, field: string, values: readonly unknown[], rest: object = {}): void {
  for (const value of values) {
    equal(refusals(schema, { ...rest, [field]: value }).join(), "", `${field}: ${Deno.inspect(value)}`);
  }
}
