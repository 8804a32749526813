import fc from "fast-check";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { readCapacity } from "../../lib/cgroup/capacity.ts";
import { findDisk, wholeDisks } from "../../lib/cgroup/disks.ts";
import { parseLimit, readLines } from "../../lib/cgroup/kernel_files.ts";
import type { Limits } from "../../lib/cgroup/limits.ts";
import { locate } from "../../lib/cgroup/locate.ts";
import { parseMountinfo } from "../../lib/cgroup/mountinfo.ts";
import { parseCostDisks, parseScheduler } from "../../lib/cgroup/notes.ts";
import { parseUsage } from "../../lib/cgroup/parse_usage.ts";
import { V1_CONTROLLERS } from "../../lib/cgroup/v1/controllers.ts";
import { V2_CONTROLLERS } from "../../lib/cgroup/v2/controllers.ts";
import { withFiles } from "./helpers.ts";

const CONTROLLERS = [...V1_CONTROLLERS, ...V2_CONTROLLERS];
/** Every file that a limit can be read from. */
const LIMIT_FILES = [
  ...new Set(CONTROLLERS.flatMap(({ enforces }) => Object.values(enforces).flat())),
  "cpu.cfs_period_us",
];
const USAGE_FILES = CONTROLLERS.flatMap(({ usageFiles, liveFiles }) => [...usageFiles.flat(), ...liveFiles]);
const KEYS = [
  "rbytes=",
  "wbytes=",
  "rios=",
  "usage_usec ",
  "user ",
  "oom_kill ",
  "8:0 Read ",
  "8:0 Write ",
  "Total ",
  "default ",
];

/** What a kernel could write, had it gone mad. */
const number = fc.oneof(
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String),
  fc.stringMatching(/^\d{300,320}$/),
);
const line = fc.oneof(
  fc.string({ unit: "binary" }),
  number,
  fc.tuple(fc.constantFrom("8:0 ", "254:16 ", "max ", "-1 ", ""), fc.constantFrom(...KEYS, ""), number).map((parts) =>
    parts.join("")
  ),
);
const text = fc.array(line, { maxLength: 4 }).map((lines) => lines.join("\n"));

/** Whether it is a number that can be shown, nothing, or such numbers by disk. */
function isLimit(value: unknown): boolean {
  if (typeof value === "object" && value !== null) {
    return Object.values(value).every((part) => isLimit(part) && part !== null);
  }
  return value === null || value === undefined || (typeof value === "number" && Number.isFinite(value) && value >= 0);
}

Deno.test("every controller reads limits out of any files", () => {
  const files = fc.dictionary(fc.constantFrom(...LIMIT_FILES), text, { maxKeys: LIMIT_FILES.length });
  fc.assert(
    fc.property(files, (files) =>
      withFiles(files, (directory) => {
        for (const { name, read } of CONTROLLERS) {
          for (const [limit, value] of Object.entries(read(directory))) {
            ok(isLimit(value), `${name}: ${limit} is ${value}`);
          }
        }
      })),
    { numRuns: 100 },
  );
});

Deno.test("parseUsage makes numbers that can be shown of any numbers, and none of lines that are cut off", () => {
  const files = fc.dictionary(fc.constantFrom(...USAGE_FILES), fc.array(line, { maxLength: 4 }));
  fc.assert(
    fc.property(files, (files) => {
      for (const [name, value] of Object.entries(parseUsage(files))) ok(isLimit(value), `${name} is ${value}`);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("every controller reads the limits that it wrote", () => {
  const limits = fc.record({
    cpus: fc.integer({ min: 1, max: 10_000 }).map((percent) => percent / 100),
    cpuWeight: fc.integer({ min: 1, max: 10_000 }).filter((weight) => weight !== 100),
    memoryBytes: fc.integer({ min: 65_536, max: 2 ** 52 }),
    memoryHighBytes: fc.integer({ min: 65_536, max: 2 ** 52 }),
    pids: fc.integer({ min: 1, max: 4_194_304 }),
  }, { requiredKeys: [] });
  const empty = Object.fromEntries(LIMIT_FILES.map((name) => [name, ""]));
  for (const controllers of [V1_CONTROLLERS, V2_CONTROLLERS]) {
    const known = new Set(controllers.flatMap(({ enforces }) => Object.keys(enforces)));
    fc.assert(
      fc.property(
        limits,
        (limits: Limits) =>
          withFiles({ ...empty, "memory.swappiness": "", "pids.max": "" }, (directory) => {
            for (const { write } of controllers) {
              write(directory, limits);
            }
            const found = Object.assign({}, ...controllers.map(({ read }) => read(directory)));
            for (const [limit, value] of Object.entries(limits)) {
              if (known.has(limit)) equal(found[limit], value, limit);
            }
          }),
      ),
      { numRuns: 50 },
    );
  }
});

Deno.test("parseLimit takes what is no limit to a kernel for none", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n }), (bytes) => {
      equal(parseLimit([String(bytes)]), bytes < 2n ** 62n ? Number(bytes) : null);
    }),
    { examples: [[2n ** 62n], [2n ** 63n - 4096n]] },
  );
});

Deno.test("readCapacity makes numbers or null of any files", () => {
  const files = fc.record({
    stat: fc.oneof(text, fc.constantFrom("cpu0 1\ncpu1 2", "cpu 1")),
    meminfo: fc.oneof(text, number.map((number) => `MemTotal: ${number} kB`)),
    "sys/kernel/pid_max": fc.oneof(text, number),
  }, { requiredKeys: [] });
  fc.assert(fc.property(files, (files) =>
    withFiles({ ...files }, (directory) => {
      for (const [name, value] of Object.entries(readCapacity(directory))) ok(isLimit(value), `${name} is ${value}`);
    })));
});

Deno.test("findDisk and wholeDisks take any text for no path, and give a disk with a number or say that there is none", () => {
  const dev = fc.oneof(fc.constantFrom("8:0", "8:0\n", "", "8:", "a:b"), fc.string({ unit: "binary" }));
  const name = fc.oneof(
    fc.constantFrom("..", "../..", "sda", ".", "", "8:0", "8:0/..", "cciss/c0d0"),
    fc.string({ unit: "binary" }),
  );
  fc.assert(fc.property(dev, dev, name.filter((name) => !name.startsWith("/")), (first, second, name) =>
    withFiles({
      ...{ "block/sda/dev": first, "class/block/sda/dev": second, "class/block/cciss!c0d0/dev": first },
      ...{ "dev/block/8:0/dev": second, "secret/dev": "1:1" },
    }, (sys) => {
      const disks = wholeDisks(sys);
      try {
        disks.push(findDisk(name, sys));
      } catch (error) {
        match(String(error), /^Error: this host has no disk "/);
      }
      for (const { number } of disks) match(number, /^\d+:\d+$/);
    })));
});

Deno.test("parseMountinfo reads the paths that a kernel escaped, and locate finds something in any text", () => {
  const path = fc.string({ unit: "binary-ascii" }).filter((path) => !path.includes("\0")).map((path) => `/${path}`);
  const escape = (path: string) =>
    path.replace(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
  const mount = fc.record({
    root: path,
    mountPoint: path,
    type: fc.constantFrom("cgroup", "cgroup2", "ext4"),
    readOnly: fc.boolean(),
  });
  const options = fc.subarray(["cpu", "memory", "pids", "name=systemd"], { minLength: 1 });
  fc.assert(
    fc.property(mount, options, fc.array(fc.constantFrom("shared:1", "master:2")), (mount, options, optional) => {
      const { root, mountPoint, type, readOnly } = mount;
      const fields = ["36", "35", "0:30", escape(root), escape(mountPoint), readOnly ? "ro,nosuid" : "rw", ...optional];
      const line = [...fields, "-", type, "none", options.join(",")].join(" ");
      deepEqual(parseMountinfo(`${line}\n`), [{ ...mount, options }]);
      for (const memberships of ["", `0::${root}\n`, "1:cpu:/\n0::/../x\n"]) {
        ok(["v1", "v2", "hybrid", "none"].includes(locate(line, memberships).mode));
      }
    }),
  );
});

Deno.test("parseScheduler and parseCostDisks find what stands there, and throw for no text", () => {
  const names = fc.uniqueArray(fc.constantFrom("none", "mq-deadline", "kyber", "bfq"), { minLength: 1 });
  fc.assert(fc.property(names, fc.nat(3), (names, at) => {
    const active = names[at % names.length];
    equal(parseScheduler(names.map((name) => name === active ? `[${name}]` : name).join(" ")), active);
  }));
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(4095), fc.nat(255), fc.boolean())), (disks) => {
    const lines = disks.map(([major, minor, on]) => `${major}:${minor} enable=${on ? 1 : 0} ctrl=auto`);
    deepEqual(parseCostDisks(lines), disks.filter(([, , on]) => on).map(([major, minor]) => `${major}:${minor}`));
  }));
  fc.assert(fc.property(fc.array(line), (lines) => {
    for (const disk of parseCostDisks(lines)) match(disk, /^\d+:\d+$/);
    for (const line of lines) ok(parseScheduler(line) !== "");
  }));
  equal(readLines("/nowhere"), null);
});
