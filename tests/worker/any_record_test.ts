import { join } from "node:path";
import fc from "fast-check";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { parseGaps } from "../../lib/worker/gaps.ts";
import { parseProcessLimits } from "../../lib/worker/process_limits.ts";
import { DamageError, readRecord } from "../../lib/worker/read_record.ts";
import {
  type Ended,
  endedSchema,
  firstSchema,
  FORMAT,
  runnerSchema,
  type Spec,
  specSchema,
  startedSchema,
  type Stop,
  stopSchema,
  writeRecord,
} from "../../lib/worker/records.ts";
import { isSignal, signalName } from "../../lib/worker/signals.ts";
import { TemporaryFolder } from "../support/folder.ts";

const format: fc.Arbitrary<typeof FORMAT> = fc.constant(FORMAT);
const text = fc.string({ unit: "binary" }).filter((text) => text.isWellFormed());
const or = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const natural = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const uptime = fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true }).map((number) => number + 0);
const scope = fc.constantFrom("all" as const, "main" as const);

const spec: fc.Arbitrary<Spec> = fc.record({
  format,
  id: fc.uuid(),
  sequence: natural,
  ownerSequence: or(natural),
  name: or(text),
  owner: text,
  command: text,
  args: fc.array(text),
  cwd: text,
  envNames: fc.array(text),
  user: or(text),
  limits: fc.constantFrom<Spec["limits"]>({}, { cpus: 0.5, readBytesPerSecond: { "8:0": 1 } }, {
    pids: 7,
    coreBytes: 0,
  }),
  timeoutSeconds: or(natural),
  stopScope: scope,
  outputMaxBytes: natural,
  createdAt: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-01-01") }).map((date) =>
    date.toISOString()
  ),
  bootId: or(fc.uuid()),
  idempotency: or(fc.record({ key: text, request: text }, { noNullPrototype: true })),
}, { noNullPrototype: true });

const ended: fc.Arbitrary<Ended> = fc.record({
  format,
  exitCode: or(fc.nat(255)),
  signal: or(fc.nat(64)),
  failure: fc.constantFrom(null, "host" as const, "exec" as const),
  detail: fc.constantFrom("", "00ff"),
  lost: fc.boolean(),
  reason: or(text),
  stopped: fc.boolean(),
  timedOut: fc.boolean(),
  uptime: or(uptime),
  bootId: or(fc.uuid()),
  gaps: fc.array(text),
  usage: fc.dictionary(fc.constantFrom("cpu.stat", "memory.peak"), fc.array(text), { noNullPrototype: true }),
}, { noNullPrototype: true });

const requests = fc.array(text);
const stop: fc.Arbitrary<Stop> = fc.record({ format, killAtUptime: uptime, scope, requests }, {
  noNullPrototype: true,
});

Deno.test("readRecord gives what writeRecord wrote, byte for byte", async () => {
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "record.json");
  const kinds = fc.oneof(
    spec.map((record) => ({ record, schema: specSchema })),
    ended.map((record) => ({ record, schema: endedSchema })),
    stop.map((record) => ({ record, schema: stopSchema })),
  );
  await fc.assert(
    fc.asyncProperty(kinds, async ({ record, schema }) => {
      await writeRecord(path, record);
      deepEqual(readRecord<unknown>(path, schema)?.record, record);
    }),
    { numRuns: 100 },
  );
});

Deno.test("readRecord gives a record of the schema or a DamageError for any record with one byte changed", async () => {
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "record.json");
  const process = { format, pid: natural, startTime: fc.nat(), bootId: fc.uuid() };
  const kinds = fc.oneof(
    spec.map((record) => ({ record: { ...record }, schema: specSchema })),
    ended.map((record) => ({ record: { ...record }, schema: endedSchema })),
    stop.map((record) => ({ record: { ...record }, schema: stopSchema })),
    fc.record(process).map((record) => ({ record, schema: runnerSchema })),
    fc.record({ ...process, uptime }).map((record) => ({ record, schema: startedSchema })),
    fc.record({ format, offset: fc.nat() }).map((record) => ({ record, schema: firstSchema })),
  );
  fc.assert(
    fc.property(kinds, fc.nat(), fc.nat(255), ({ record, schema }, place, byte) => {
      const bytes = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
      bytes[place % bytes.length] = byte;
      Deno.writeFileSync(path, bytes);
      try {
        const read = readRecord<unknown>(path, schema)?.record;
        deepEqual(schema.parse(read), read);
      } catch (error) {
        ok(error instanceof DamageError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("parseGaps reads the offsets that drains wrote, and leaves out a line with one byte changed for the worse", () => {
  const gap = fc.tuple(fc.constantFrom("stdout" as const, "stderr" as const), fc.nat());
  fc.assert(fc.property(fc.array(gap), (gaps) => {
    const of = (stream: string) => gaps.filter(([name]) => name === stream).map(([, offset]) => offset);
    deepEqual(parseGaps(gaps.map((gap) => gap.join(" "))), { stdout: of("stdout"), stderr: of("stderr") });
  }));
  fc.assert(
    fc.property(gap, fc.nat(20), fc.string({ minLength: 1, maxLength: 1 }), ([stream, offset], place, other) => {
      const line = `${stream} ${offset}`;
      const at = place % line.length;
      const { stdout, stderr } = parseGaps([line.slice(0, at) + other + line.slice(at + 1)]);
      for (const found of [...stdout, ...stderr]) ok(Number.isSafeInteger(found) && found >= 0);
      if (!/\d/.test(other)) deepEqual([...stdout, ...stderr], other === line[at] ? [offset] : []);
    }),
  );
});

Deno.test("parseProcessLimits reads what the kernel says of the limits that were asked for, and of no others", () => {
  fc.assert(fc.property(fc.nat(), or(fc.nat()), (files, seconds) => {
    const limits = [
      "Limit                     Soft Limit           Hard Limit           Units     ",
      `Max cpu time              ${String(seconds ?? "unlimited").padEnd(20)} unlimited            seconds   `,
      `Max open files            ${String(files).padEnd(20)} 1048576              files     `,
    ].join("\n");
    const expected = seconds === null ? { openFiles: files } : { cpuTimeSeconds: seconds, openFiles: files };
    deepEqual(parseProcessLimits(limits, { openFiles: 1, cpuTimeSeconds: 1 }), expected);
    deepEqual(parseProcessLimits(limits, {}), {});
  }));
});

Deno.test("signalName gives a name that can be sent, for every signal but real-time ones", () => {
  fc.assert(fc.property(fc.integer({ min: -5, max: 100 }), (number) => {
    equal(isSignal(signalName(number)), number >= 1 && number <= 31);
  }));
  fc.assert(fc.property(fc.string(), (name) => equal(isSignal(name), Object.hasOwn(Object(KNOWN), name))));
});

const KNOWN = Object.fromEntries(Array.from({ length: 31 }, (_, index) => [signalName(index + 1), true]));
