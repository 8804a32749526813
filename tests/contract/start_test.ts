import fc from "fast-check";
import { deepEqual, equal } from "../support/assert.ts";
import { idempotencyKeySchema, jobNameSchema, startSchema } from "../../lib/contract/mod.ts";
import { refusals, refuses, takes } from "./refusals.ts";

const LONE_SURROGATE = "\ud800";
const COMMAND = { command: "true" };

Deno.test("startSchema takes a command alone, with no arguments then", () => {
  deepEqual(startSchema.parse(COMMAND), { command: "true", args: [] });
});

Deno.test("startSchema takes everything at once", () => {
  const request = {
    command: "/bin/sh",
    args: ["-c", 'echo "$0" `x` $(y)\n*'],
    name: "nightly.build-1_2",
    env: { A: "", _b: "two\nlines" },
    cwd: "/",
    limits: { cpus: 0.5 },
    timeoutSeconds: 0.5,
  };
  deepEqual(startSchema.parse(request), request);
});

Deno.test("startSchema refuses fields that it does not know, whose misspelling would go unnoticed", () => {
  equal(refusals(startSchema, { ...COMMAND, timeout: 1 }).length, 1);
  equal(refusals(startSchema, { ...COMMAND, limits: { memory: 1 } }).length, 1);
});

Deno.test("startSchema refuses what is no object with a command", () => {
  for (const input of [null, undefined, [], "true", 1, {}, { args: [] }]) {
    equal(startSchema.safeParse(input).success, false, Deno.inspect(input));
  }
  refuses(startSchema, "command", ["", null, 1, ["true"], "tr\0ue", LONE_SURROGATE]);
});

Deno.test("startSchema refuses paths that no kernel takes", () => {
  const most = `/${"x/".repeat(2047)}`;
  takes(startSchema, "command", [most], COMMAND);
  takes(startSchema, "cwd", [most], COMMAND);
  refuses(startSchema, "command", [`${most}x`, "x".repeat(1_000_000)], COMMAND);
  refuses(startSchema, "cwd", [`${most}x`, `/${"x".repeat(1_000_000)}`], COMMAND);
});

Deno.test("startSchema refuses arguments that no process can be given", () => {
  refuses(
    startSchema,
    "args",
    ["-x", null, [1], [null], ["a\0b"], ["\0"], [LONE_SURROGATE], ["\udc00\ud800"]],
    COMMAND,
  );
  equal(refusals(startSchema, { ...COMMAND, args: ["good", "b\0d"] }).join(), "args.1");
  // As many faults as a body can hold would take 300 MB to tell of.
  deepEqual(refusals(startSchema, { ...COMMAND, args: Array(500_000).fill(0) }), ["args"]);
});

Deno.test("startSchema takes exactly the well-formed texts without NUL as arguments", () => {
  const codeUnits = fc.oneof(fc.constantFrom(0, 0xd800, 0xdc00), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(fc.property(fc.array(codeUnits, { maxLength: 5 }), (codes) => {
    const text = String.fromCharCode(...codes);
    const result = startSchema.safeParse({ ...COMMAND, args: [text] });
    equal(result.success, text.isWellFormed() && !codes.includes(0));
    if (result.success) deepEqual(result.data.args, [text]);
  }));
});

Deno.test("startSchema refuses environment names that are no names, or ours", () => {
  const names = [
    "",
    "1A",
    "A-B",
    "A B",
    "A=B",
    "A.B",
    "Ä",
    "A\n",
    "A\0",
    "TELEWORKER_X",
    "TELEWORKER_",
    "$(x)",
    "A[0]",
  ];
  refuses(startSchema, "env", names.map((name) => ({ [name]: "x" })), COMMAND);
  takes(
    startSchema,
    "env",
    ["_", "a1", "TELEWORKER", "TELEWORKERX", "IFS", "PATH"].map((A) => ({ [A]: "x" })),
    COMMAND,
  );
});

Deno.test("startSchema refuses environment values that no process can be given", () => {
  refuses(startSchema, "env", [{ A: "a\0b" }, { A: LONE_SURROGATE }, { A: 1 }, { A: null }, ["A=x"], "A=x"], COMMAND);
});

Deno.test("startSchema takes ten thousand variables and no more", () => {
  const env = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`A${index}`, ""]));
  takes(startSchema, "env", [env(10_000)], COMMAND);
  refuses(startSchema, "env", [env(10_001)], COMMAND);
});

Deno.test("startSchema loses no variable, whatever JavaScript thinks of its name", () => {
  deepEqual(startSchema.parse({ ...COMMAND, env: { constructor: "x", toString: "y" } }).env, {
    constructor: "x",
    toString: "y",
  });
  // An own property, as JSON.parse makes it, which a literal would not.
  const request = JSON.parse('{"command": "true", "env": {"__proto__": "x"}}');
  deepEqual(refusals(startSchema, request), ["env"]);
});

Deno.test("startSchema refuses a working directory that is not absolute", () => {
  refuses(
    startSchema,
    "cwd",
    ["", ".", "tmp", "./tmp", "../tmp", "~", "\n/", "/a\0", LONE_SURROGATE, 1, null],
    COMMAND,
  );
  takes(startSchema, "cwd", ["/", "/a b", "/ä", "/-x"], COMMAND);
});

Deno.test("startSchema refuses a timeout that is no span of time", () => {
  refuses(startSchema, "timeoutSeconds", [0, -1, NaN, Infinity, 1e12, "1", null], COMMAND);
  takes(startSchema, "timeoutSeconds", [0.1, 1, 86_400], COMMAND);
  refuses(startSchema, "stopScope", ["", "none", "ALL", null, true], COMMAND);
  takes(startSchema, "stopScope", ["all", "main"], COMMAND);
});

Deno.test("jobNameSchema refuses what could be taken for an id, a flag or a path", () => {
  const id = crypto.randomUUID();
  const refused = ["", "-x", ".x", "_x", "a/b", "..", "a b", "ä", "a\n", "x".repeat(64), id, id.toUpperCase()];
  for (const name of [...refused, "00000000-0000-0000-0000-000000000000", "a\0", 1, null]) {
    equal(jobNameSchema.safeParse(name).success, false, Deno.inspect(name));
  }
  for (const name of ["a", "7", "a-b", "a.b_c", "x".repeat(63), id.slice(1), `x${id}`]) {
    equal(jobNameSchema.safeParse(name).success, true, name);
  }
});

Deno.test("jobNameSchema takes nothing that stands for more than itself in a path, a shell or a header", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 70 }), (name) => {
    if (jobNameSchema.safeParse(name).success) equal(encodeURIComponent(name), name);
  }));
});

Deno.test("idempotencyKeySchema takes 1 to 128 visible ASCII characters", () => {
  for (const key of ["", " ", "a b", "ä", "a\n", "\x7f", "x".repeat(129)]) {
    equal(idempotencyKeySchema.safeParse(key).success, false, Deno.inspect(key));
  }
  for (const key of ["a", "!", "~", crypto.randomUUID(), "x".repeat(128)]) {
    equal(idempotencyKeySchema.safeParse(key).success, true, key);
  }
});
