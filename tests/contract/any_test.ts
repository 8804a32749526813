import fc from "fast-check";
import type { z } from "zod";
import { deepEqual, equal, ok } from "../support/assert.ts";
import {
  hostLimitsSchema,
  idempotencyKeySchema,
  idSchema,
  jobListSchema,
  jobNameSchema,
  jobSchema,
  limitsSchema,
  listSchema,
  outputSchema,
  parseCount,
  problemSchema,
  startSchema,
  STATES,
  statusSchema,
  stopSchema,
  versionSchema,
} from "../../lib/contract/mod.ts";
import { aJob } from "../support/a_job.ts";

const text = fc.string({ unit: "binary", maxLength: 20 }).filter((text) => text.isWellFormed() && !text.includes("\0"));
const variable = fc.oneof(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,9}$/), fc.constantFrom("constructor", "toString"))
  .filter((name) => !name.startsWith("TELEWORKER_") && name !== "__proto__");
const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
// A disk named `__proto__` is refused, which the tests of limits show.
const diskName = text.filter((name) => name !== "" && name !== "__proto__");
const disk = fc.oneof(
  count,
  fc.dictionary(fc.oneof(fc.constantFrom("sda", "8:0", "/srv", "constructor"), diskName), count),
);

const limits = fc.record({
  cpus: fc.double({ min: 0.01, max: 100_000, noNaN: true }),
  cpuWeight: fc.integer({ min: 1, max: 10_000 }),
  memoryBytes: fc.integer({ min: 65_536, max: Number.MAX_SAFE_INTEGER }),
  pids: fc.integer({ min: 1, max: 4_194_304 }),
  readBytesPerSecond: disk,
  writeOperationsPerSecond: disk,
  coreBytes: fc.nat(),
}, { requiredKeys: [] });

/** Starts that are right. */
const start = fc.record({
  command: text.filter(Boolean),
  args: fc.array(text),
  name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/),
  env: fc.dictionary(variable, text),
  cwd: text.map((path) => `/${path}`),
  limits,
  user: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\$?$/),
  outputMaxBytes: fc.integer({ min: 65_536 }),
  stopScope: fc.constantFrom("all", "main"),
  timeoutSeconds: fc.double({ min: 0.001, max: 1e8, noNaN: true }),
}, { requiredKeys: ["command", "args"], noNullPrototype: true });
const stop = fc.record({
  signal: fc.constantFrom("SIGTERM", "SIGRTMIN", "SIG34"),
  graceSeconds: fc.double({ min: 0, max: 86_400, noNaN: true }),
}, { requiredKeys: [], noNullPrototype: true });

const WIRE = { start: startSchema, stop: stopSchema, limits: limitsSchema, host: hostLimitsSchema };
const READ = { job: jobSchema, list: jobListSchema, problem: problemSchema, version: versionSchema };
const QUERIES = { list: listSchema, output: outputSchema, status: statusSchema };
const TEXTS = { name: jobNameSchema, key: idempotencyKeySchema, id: idSchema };

/** As it is behind a wire. */
function travelled(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** What a schema takes it takes again, and makes the same of it: nothing comes out that could not have come in. */
function takesOrRefuses(schema: z.ZodType, input: unknown): void {
  const first = schema.safeParse(input);
  if (first.success) deepEqual(schema.parse(first.data), first.data);
  else ok(first.error.issues.length > 0);
}

Deno.test("startSchema, limitsSchema and stopSchema give what was sent, and lose nothing of it", () => {
  fc.assert(fc.property(start, (request) => deepEqual(startSchema.parse(travelled(request)), travelled(request))));
  fc.assert(fc.property(stop, (request) => deepEqual(stopSchema.parse(travelled(request)), travelled(request))));
});

Deno.test("no schema throws for any JSON, or gives what it would not take", () => {
  // The names that the schemas look for, with anything behind them.
  const names = Object.values({ ...WIRE, ...READ }).flatMap((schema) => Object.keys(schema.shape));
  const part = fc.oneof(fc.jsonValue(), fc.constantFrom(...STATES, crypto.randomUUID(), "", 0, 1, null, {}, []));
  const input = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), part).map(travelled),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values({ ...WIRE, ...READ })),
      input,
      (schema, input) => takesOrRefuses(schema, input),
    ),
    { numRuns: 1000 },
  );
});

Deno.test("a request or answer with one byte changed is no JSON, or refused, or all that it says", () => {
  const job = aJob({
    pid: 1,
    limits: { cpus: 0.5, readBytesPerSecond: { sda: 1 }, pids: null },
    usage: { cpuSeconds: 0.1 },
  });
  const request = {
    command: "true",
    args: ["x"],
    env: { A: "b" },
    limits: { cpus: 0.5, readBytesPerSecond: { sda: 1 } },
  };
  const problem = { type: "about:blank", title: "x", status: 404, detail: "y", errors: [{ field: "a", message: "b" }] };
  const pairs: readonly (readonly [z.ZodType, unknown])[] = [
    [startSchema, request],
    [stopSchema, { signal: "SIGTERM", graceSeconds: 1.5 }],
    [jobSchema, job],
    [jobListSchema, { jobs: [job], damaged: [], cursor: null }],
    [problemSchema, problem],
  ];
  fc.assert(
    fc.property(fc.constantFrom(...pairs), fc.nat(), fc.nat(255), ([schema, value], place, byte) => {
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      bytes[place % bytes.length] = byte;
      let input: unknown;
      try {
        input = JSON.parse(new TextDecoder().decode(bytes));
      } catch {
        return;
      }
      const result = schema.safeParse(input);
      if (result.success) containsAll(result.data, input);
    }),
    { numRuns: 3000 },
  );
});

/** Throws unless everything that came in came out; defaults may have joined it. */
function containsAll(output: unknown, input: unknown): void {
  if (typeof input !== "object" || input === null) return equal(output, input);
  ok(typeof output === "object" && output !== null);
  for (const [name, value] of Object.entries(input)) {
    containsAll(Object.getOwnPropertyDescriptor(output, name)?.value, value);
  }
}

Deno.test("limitsSchema loses no disk, whatever JavaScript thinks of its name", () => {
  const limits: unknown = JSON.parse('{"readBytesPerSecond": {"__proto__": 1}}');
  equal(limitsSchema.safeParse(limits).success, false);
});

Deno.test("the queries' schemas throw for no text, and give numbers only within their bounds", () => {
  const names = Object.values(QUERIES).flatMap((schema) => Object.keys(schema.shape));
  const value = fc.oneof(
    fc.string(),
    fc.stringMatching(/^-?[0-9.e]{1,20}$/),
    fc.constantFrom("true", "false", "running"),
  );
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(QUERIES)), fc.dictionary(fc.constantFrom(...names), value), (
      schema: z.ZodType,
      query,
    ) => {
      const result = schema.safeParse({ ...query });
      if (!result.success) return;
      for (const part of Object.values(result.data ?? {})) {
        if (typeof part === "number") ok(Number.isSafeInteger(part) && part >= 0 && part < 1e15);
      }
    }),
    { numRuns: 1000 },
  );
  fc.assert(fc.property(fc.nat(), fc.boolean(), (offset, follow) => {
    deepEqual(outputSchema.parse({ offset: String(offset), follow: String(follow) }), { offset, follow });
  }));
  fc.assert(fc.property(fc.uniqueArray(fc.constantFrom(...STATES), { minLength: 1 }), (state) => {
    deepEqual(listSchema.parse({ state: state.join(",") }).state, state);
  }));
});

Deno.test("names, keys and ids are given as they came, or refused, for any text", () => {
  const texts = fc.oneof(fc.string({ unit: "binary" }), fc.uuid(), fc.stringMatching(/^[A-Za-z0-9._-]{1,70}$/));
  fc.assert(fc.property(fc.constantFrom(...Object.values(TEXTS)), texts, (schema: z.ZodType, text) => {
    const result = schema.safeParse(text);
    if (result.success) equal(result.data, text);
  }));
});

Deno.test("parseCount gives a whole number above zero, as it is written, or refuses", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.integer({ min: -5 }).map(String)), (text) => {
    try {
      equal(String(parseCount(text)), text);
      ok(parseCount(text) > 0);
    } catch (error) {
      ok(error instanceof SyntaxError);
    }
  }));
});
