import fc from "fast-check";
import { z } from "zod";
import { deepEqual, equal, match, ok, rejects } from "../support/assert.ts";
import { listSchema, outputSchema, problemSchema, startSchema, stopSchema } from "../../lib/contract/mod.ts";
import { escapeJson } from "../../lib/base/escape_terminal.ts";
import { readBody, readQuery } from "../../lib/server/input.ts";
import { addressSchema, flagOf, OPTION_NAMES, optionsSchema, variableOf } from "../../lib/server/options.ts";
import { ProblemError, problemMessage, problemResponse } from "../../lib/server/problem.ts";
import { parseAnswers } from "../hostile/support/answers.ts";

const URL_OF_JOBS = "http://localhost/v1/jobs";

Deno.test("readBody gives what the schema takes, or a ProblemError with a reason, for any bytes", async () => {
  const body = fc.oneof(
    fc.uint8Array().map((bytes) => new Uint8Array(bytes)),
    fc.json().map((text) => new TextEncoder().encode(text)),
    fc.tuple(fc.nat(30), fc.nat(255)).map(([at, byte]) =>
      new TextEncoder().encode('{"command": "true", "args": []}').with(at, byte)
    ),
  );
  const type = fc.constantFrom("application/json", "application/json; charset=utf-8", "text/plain", "");
  await fc.assert(
    fc.asyncProperty(body, type, fc.constantFrom<z.ZodType>(startSchema, stopSchema), async (body, type, schema) => {
      const request = new Request(URL_OF_JOBS, {
        method: "POST",
        body,
        headers: type === "" ? {} : { "content-type": type },
      });
      try {
        const read = await readBody(request, schema);
        deepEqual(schema.parse(read), read);
      } catch (error) {
        ok(error instanceof ProblemError && [400, 415].includes(error.status), String(error));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("readBody tells of twenty faults, of however many there are", async () => {
  const env = Object.fromEntries(Array.from({ length: 10_000 }, (_, number) => [`A${number}`, 0]));
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ command: "true", env });
  await rejects(readBody(new Request(URL_OF_JOBS, { method: "POST", headers, body }), startSchema), (error) => {
    ok(error instanceof ProblemError);
    deepEqual(error.errors?.map(({ field }) => field), Array.from({ length: 20 }, (_, number) => `env.A${number}`));
    return true;
  });
});

Deno.test("readQuery gives what was asked, or a ProblemError, for any query", () => {
  const name = fc.oneof(fc.constantFrom("limit", "state", "offset", "follow", "__proto__", "constructor"), fc.string());
  const query = fc.oneof(
    fc.array(fc.tuple(name, fc.oneof(fc.string(), fc.nat().map(String)))).map((pairs) =>
      String(new URLSearchParams(pairs))
    ),
    fc.string().map((text) => text.replaceAll("#", "")),
  );
  fc.assert(
    fc.property(query, fc.constantFrom<z.ZodType>(listSchema, outputSchema), (query, schema) => {
      try {
        ok(typeof readQuery(new Request(`${URL_OF_JOBS}?${query}`), schema) === "object");
      } catch (error) {
        ok(error instanceof ProblemError && error.status === 400, String(error));
      }
    }),
    { numRuns: 500 },
  );
  const parameters = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true });
  const anything = z.custom<Record<string, string>>((input) => input !== undefined);
  fc.assert(fc.property(parameters, (parameters) => {
    const query = new URLSearchParams(Object.entries(parameters));
    deepEqual({ ...readQuery(new Request(`${URL_OF_JOBS}?${query}`), anything) }, parameters);
  }));
});

Deno.test("addressSchema reads what is written as HOST:PORT, and nothing for any other text", () => {
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
  fc.assert(fc.property(host, fc.nat(65_535), (hostname, port) => {
    const shown = hostname.includes(":") ? `[${hostname}]` : hostname;
    deepEqual(addressSchema.parse(`${shown}:${port}`), { hostname, port });
  }));
  fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9:.[\]]{0,20}$/)), (text) => {
    const { success, data } = addressSchema.safeParse(text);
    if (success) ok(data.hostname !== "" && data.port >= 0 && data.port <= 65_535);
  }));
});

Deno.test("optionsSchema throws for no values, and every option has a flag and a variable of its own", () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom("1", "1G", "7d", '{"pids": 1}', "127.0.0.1:0", "full"));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...OPTION_NAMES), value), (options) => {
      const { success, data } = optionsSchema.safeParse({ ...options });
      if (!success) return;
      for (const number of [data.maxJobs, data.keepJobs, data.maxFollowers]) ok(number === undefined || number >= 1);
      for (const number of [data.keepFor, data.keepBytes, data.outputMax]) ok(number === undefined || number >= 0);
    }),
    { numRuns: 1000 },
  );
  equal(new Set(OPTION_NAMES.map(flagOf)).size, OPTION_NAMES.length);
  equal(new Set(OPTION_NAMES.map(variableOf)).size, OPTION_NAMES.length);
});

Deno.test("escapeJson changes nothing of what JSON says, and leaves nothing that a terminal obeys", () => {
  fc.assert(fc.property(fc.oneof(fc.jsonValue(), fc.string({ unit: "binary" })), (value) => {
    const escaped = escapeJson(JSON.stringify(value));
    deepEqual(JSON.parse(escaped), JSON.parse(JSON.stringify(value)));
    ok(!/[\p{C}\p{Zl}\p{Zp}]/u.test(escaped));
  }));
});

Deno.test("a problem is read as it was written, as an answer and as the last bytes of a connection", async () => {
  const error = fc.record({
    status: fc.constantFrom(400, 404, 413, 429, 500),
    detail: fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
    field: fc.string(),
  });
  await fc.assert(fc.asyncProperty(error, async ({ status, detail, field }) => {
    const problem = new ProblemError(status, detail, [{ field, message: "x" }]);
    const answer = problemResponse(problem);
    const expected = problemSchema.parse(await answer.json());
    deepEqual([expected.status, expected.detail, expected.errors?.[0]?.field], [status, detail, field]);
    const latin1 = new TextDecoder("latin1").decode(new TextEncoder().encode(problemMessage(problem)));
    match(latin1, /^HTTP\/1\.1 \d{3} [\w ]+\r\n/);
    const last = parseAnswers(latin1);
    equal(last.length, 1);
    equal(last[0]?.status, status);
  }));
});
