import { join } from "node:path";
import fc from "fast-check";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { parseGaps } from "../../lib/worker/gaps.ts";
import { parseStartTime } from "../../lib/worker/process.ts";
import { parseProcessLimits } from "../../lib/worker/process_limits.ts";
import { DamageError, readRecord } from "../../lib/worker/read_record.ts";
import { endedSchema, specSchema, startedSchema } from "../../lib/worker/records.ts";
import { TemporaryFolder } from "../support/folder.ts";

Deno.test("readRecord gives a record or a DamageError for any bytes", async () => {
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "record.json");
  const json = fc.json().map((text) => new TextEncoder().encode(text));
  const object = fc.record({ format: fc.oneof(fc.constant(1), fc.integer()), pid: fc.anything(), uptime: fc.double() })
    .map((value) => new TextEncoder().encode(JSON.stringify(value, (_, part) => typeof part === "bigint" ? 1 : part)));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), json, object), fc.constantFrom(specSchema, startedSchema, endedSchema), (
      bytes,
      schema,
    ) => {
      Deno.writeFileSync(path, bytes);
      try {
        const read = readRecord<unknown>(path, schema);
        ok(read !== null && schema.safeParse(read.record).success);
      } catch (error) {
        ok(error instanceof DamageError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("parseStartTime finds field 22 behind any command's name", () => {
  const name = fc.oneof(fc.string({ maxLength: 15 }), fc.constantFrom(") R 1 1", "a) Z (b", "((", "\n", ") "));
  fc.assert(fc.property(name, fc.nat(), fc.constantFrom("R", "S", "Z", "X"), (name, startTime, state) => {
    const fields = [state, ...Array<string>(18).fill("0"), String(startTime), "0", "0"];
    equal(parseStartTime(`42 (${name}) ${fields.join(" ")}\n`), "ZX".includes(state) ? null : startTime);
  }));
});

Deno.test("parseStartTime, parseProcessLimits and parseGaps make numbers or nothing of any text", () => {
  const asked = { openFiles: 1, cpuTimeSeconds: 1 };
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^(stdout|Max open files {3,9})[ 0-9a-z)\n]*$/),
  );
  fc.assert(
    fc.property(text, (text) => {
      const startTime = parseStartTime(text);
      ok(startTime === null || Number.isSafeInteger(startTime));
      for (const limit of Object.values(parseProcessLimits(text, asked))) ok(!Number.isNaN(limit) && limit >= 0);
      for (const gap of Object.values(parseGaps(text.split("\n"))).flat()) ok(Number.isSafeInteger(gap) && gap >= 0);
    }),
    { numRuns: 300 },
  );
  deepEqual(parseGaps(["stdout 1", "stdout", "stderr 2x"]), { stdout: [1], stderr: [] });
});
