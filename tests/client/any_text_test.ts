import fc from "fast-check";
import { join } from "node:path";
import { z } from "zod";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { Api } from "../../lib/client/api.ts";
import { openSocket } from "../../lib/client/connection.ts";
import { mergeDisks } from "../../lib/client/disks.ts";
import { Failure, ProblemFailure, UsageFailure } from "../../lib/client/failure.ts";
import { copyOutput } from "../../lib/client/follow.ts";
import { toRequest } from "../../lib/client/job_flags.ts";
import { parse } from "../../lib/client/program.ts";
import { reasonOf } from "../../lib/client/reason.ts";
import { cores, duration, perDisk, signal, size, sizeOrZero, variable } from "../../lib/client/values.ts";
import { jobSchema, OFFSET, parseCount, startSchema } from "../../lib/contract/mod.ts";
import { TemporaryFolder } from "../support/folder.ts";

const text = fc.string({ unit: "binary" }).filter((text) => text.isWellFormed() && !text.includes("\0"));

Deno.test("start asks for what its flags say, whatever the words, variables and disks are", () => {
  const variableName = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,9}$/).filter((name) =>
    !name.startsWith("TELEWORKER_")
  );
  const disk = fc.oneof(
    fc.constantFrom("sda", "8:0", "/srv/a:b", "__proto__"),
    text.filter((name) => !/^-|^$/.test(name)),
  );
  const disks = fc.dictionary(disk, fc.integer({ min: 1, max: 2 ** 40 }), { minKeys: 1, noNullPrototype: true });
  const words = fc.tuple(text.filter(Boolean), fc.array(text));
  fc.assert(
    fc.property(
      words,
      fc.dictionary(variableName, text, { noNullPrototype: true }),
      disks,
      ([command, args], env, disks) => {
        const flags = [
          ...Object.entries(env).map(([name, value]) => `--env=${name}=${value}`),
          ...Object.entries(disks).map(([disk, bytes]) => `--read-bps=${disk}:${bytes}`),
        ];
        const parsed = parse(["start", ...flags, "--", command, ...args]);
        ok(parsed.verb === "start");
        const request: unknown = JSON.parse(JSON.stringify(toRequest(parsed)));
        deepEqual(request, {
          ...{ command, args, limits: { readBytesPerSecond: disks } },
          ...(Object.keys(env).length === 0 ? {} : { env }),
        });
        equal(startSchema.safeParse(request).success, !Object.hasOwn(disks, "__proto__"));
      },
    ),
  );
});

Deno.test("every value of a flag is read or refused with a reason, for any text", () => {
  const readers = [
    ...[size, sizeOrZero, duration, cores, variable].map((reader) => reader(z.unknown())),
    ...[signal(), perDisk("N", parseCount, "100")],
  ];
  const any = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[A-Za-z]{0,4}[=:.0-9]{0,6}[KMGsmh%]?$/));
  fc.assert(
    fc.property(fc.constantFrom(...readers), any, (reader, text) => {
      const result = reader.parse(text);
      if (result.success) ok(result.value !== undefined && !Number.isNaN(result.value));
      else ok(result.error.length > 0);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("mergeDisks gives every disk its value, or says what is wrong", () => {
  const values = fc.array(
    fc.record({ disk: fc.option(fc.constantFrom("a", "b", "__proto__"), { nil: null }), value: fc.nat() }),
  );
  fc.assert(fc.property(values, (values) => {
    try {
      const merged = mergeDisks(values);
      const all = typeof merged === "number" ? [[null, merged]] : Object.entries(merged ?? {});
      deepEqual(all, values.map(({ disk, value }) => [disk, value]));
    } catch (error) {
      ok(error instanceof UsageFailure);
    }
  }));
});

Deno.test("reasonOf says something of any error", () => {
  const message = fc.oneof(
    fc.string(),
    fc.constantFrom("KeyMismatch", "certificate expired: x (99 seconds ago)", "a: b: (os error 2)"),
  );
  fc.assert(fc.property(fc.array(message), fc.anything(), (messages, innermost) => {
    const error = messages.reduce((cause: unknown, text) => new Error(text, { cause }), innermost);
    equal(typeof reasonOf(error), "string");
  }));
});

Deno.test("Api says of any answer what it is, or fails by an error of its own", async () => {
  let answer = new Response();
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "socket");
  await using _server = Deno.serve({ path, onListen: () => {} }, () => answer);
  using api = new Api(await openSocket(path));
  const body = fc.oneof(
    fc.uint8Array().map((bytes) => new Uint8Array(bytes)),
    fc.json(),
    fc.constantFrom('{"title": "x", "status": 404}', "{"),
  );
  const type = fc.constantFrom("application/problem+json", "application/json", "text/html");
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(200, 400, 404, 500, 503), type, body, async (status, type, body) => {
      answer = new Response(body, { status, headers: { "content-type": type } });
      const error = await api.ask("/v1/jobs/x", jobSchema).then(() => undefined, (error: unknown) => error);
      ok(error instanceof Failure, String(error));
      equal(error instanceof ProblemFailure, status !== 200);
    }),
    { numRuns: 200 },
  );
});

Deno.test("copyOutput takes whole numbers for offsets, and nothing else", async () => {
  let offset = "";
  const answer = () => new Response(null, { headers: { [OFFSET]: offset } });
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "socket");
  await using _server = Deno.serve({ path, onListen: () => {} }, answer);
  using api = new Api(await openSocket(path));
  const any = fc.oneof(fc.stringMatching(/^[-+0-9.eNax]{0,20}$/), fc.constantFrom("0", "7", "999999999999999"));
  await fc.assert(
    fc.asyncProperty(any, async (text) => {
      offset = text;
      const options = { follow: false, tail: 1, signal: new AbortController().signal };
      const error = await copyOutput(api, "x", "stdout", options).then(() => undefined, (error: unknown) => error);
      if (/^\d{1,15}$/.test(text)) equal(error, undefined);
      else ok(error instanceof Failure, String(error));
    }),
    { numRuns: 100 },
  );
});
