import fc from "fast-check";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { limitsSchema } from "../../lib/contract/mod.ts";
import { refusals, refuses, takes } from "./refusals.ts";

const NAMES = Object.keys(limitsSchema.shape);
const WHOLE = NAMES.filter((name) => name !== "cpus");
const UNBOUNDED = ["readBytesPerSecond", "writeBytesPerSecond", "readOperationsPerSecond", "writeOperationsPerSecond"];

Deno.test("limitsSchema takes no limits, and all", () => {
  deepEqual(limitsSchema.parse({}), {});
  const all = Object.fromEntries(NAMES.map((name) => [name, name.endsWith("Bytes") ? 2 ** 20 : 20]));
  deepEqual(limitsSchema.parse(all), all);
});

Deno.test("limitsSchema refuses what is no number above zero, in every limit", () => {
  for (const name of NAMES) {
    // Without core dumps is what most want.
    if (name !== "coreBytes") refuses(limitsSchema, name, [0, -0]);
    refuses(limitsSchema, name, [-1, NaN, Infinity, -Infinity, 1e300, "1", "1M", null, undefined, true, [1]]);
  }
});

Deno.test("limitsSchema refuses fractions of what comes in whole numbers", () => {
  for (const name of WHOLE) refuses(limitsSchema, name, [0.5, 100_000.5]);
  takes(limitsSchema, "cpus", [0.01, 0.5, 1.25, 100_000]);
  refuses(limitsSchema, "cpus", [0.001, 100_001]);
});

Deno.test("limitsSchema refuses numbers beyond the kernel's ranges, or that JSON no longer holds exactly", () => {
  for (const name of WHOLE) refuses(limitsSchema, name, [2 ** 53, 2 ** 64]);
  for (const name of UNBOUNDED) takes(limitsSchema, name, [1, Number.MAX_SAFE_INTEGER]);
  for (const name of ["cpuWeight", "ioWeight"]) {
    takes(limitsSchema, name, [1, 10_000]);
    refuses(limitsSchema, name, [10_001]);
  }
  takes(limitsSchema, "pids", [1, 4_194_304]);
  refuses(limitsSchema, "pids", [4_194_305]);
  for (const name of ["memoryBytes", "memoryHighBytes"]) {
    takes(limitsSchema, name, [65_536, 2 ** 40]);
    refuses(limitsSchema, name, [1, 65_535]);
  }
  takes(limitsSchema, "coreBytes", [0, 1]);
  refuses(limitsSchema, "openFiles", [19, 2 ** 30 + 1]);
  refuses(limitsSchema, "fileSizeBytes", [1023]);
  refuses(limitsSchema, "addressSpaceBytes", [2 ** 20 - 1]);
});

Deno.test("limitsSchema: open files → a number, or a soft limit that is not above the hard one", () => {
  takes(limitsSchema, "openFiles", [20, { soft: 20, hard: 20 }, { soft: 1024, hard: 524_288 }]);
  refuses(limitsSchema, "openFiles", [
    ...[{ soft: 21, hard: 20 }, { soft: 19, hard: 20 }, { soft: 20 }, { hard: 20 }, {}],
    ...[{ soft: 20, hard: 30, x: 1 }, { soft: "20", hard: 30 }, { soft: 20, hard: 2 ** 30 + 1 }, "20:30", [20, 30]],
  ]);
  const messages = (openFiles: unknown) =>
    limitsSchema.safeParse({ openFiles }).error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  deepEqual(messages(19), ["openFiles must be at least 20"]);
  deepEqual(messages({ soft: 21, hard: 20 }), ["openFiles must have a soft limit that is not above the hard one"]);
  deepEqual(messages({ soft: 19, hard: 20 }), ["openFiles.soft must be at least 20"]);
  deepEqual(messages("20:30"), ['openFiles must be a whole number, or {"soft": N, "hard": N}']);
});

Deno.test("limitsSchema takes disk limits for every disk or for single ones", () => {
  for (const name of UNBOUNDED) {
    takes(limitsSchema, name, [{ sda: 1 }, { "8:0": 1, "/srv": 2 }]);
    refuses(limitsSchema, name, [{ sda: 0 }, { "": 1 }, { sda: "1M" }, ["sda"], { "/\ud800": 1 }]);
  }
});

Deno.test("limitsSchema refuses the disk __proto__ rather than forget its limit, and keeps others of JavaScript's names", () => {
  for (const disks of ['{"__proto__": 1}', '{"sda": 1, "__proto__": 1}']) {
    equal(refusals(limitsSchema, { writeBytesPerSecond: JSON.parse(disks) }).length, 1, disks);
  }
  takes(limitsSchema, "writeBytesPerSecond", [{ constructor: 1, toString: 2 }]);
});

Deno.test("limitsSchema refuses a limit that it does not know", () => {
  equal(refusals(limitsSchema, { memory: 1_000_000 }).length, 1);
});

Deno.test("limitsSchema lets only finite numbers above zero through, and no core dumps", () => {
  const numbers = fc.oneof(fc.double(), fc.integer());
  fc.assert(fc.property(fc.constantFrom(...NAMES), numbers, (name, value) => {
    const result = limitsSchema.safeParse({ [name]: value });
    if (result.success) ok((value > 0 || (name === "coreBytes" && value === 0)) && Number.isFinite(value));
  }));
});
