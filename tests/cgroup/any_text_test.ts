import fc from "fast-check";
import { ok } from "../support/assert.ts";
import { parseMemberships, parseMountinfo } from "../../lib/cgroup/mountinfo.ts";
import { parseUsage } from "../../lib/cgroup/parse_usage.ts";

const KEYS = [
  "usage_usec",
  "user_usec",
  "oom_kill",
  "rbytes=1",
  "8:0",
  "Total",
  "Read",
  "max",
  "-1",
  "NaN",
  "1e999",
  "7",
];
const line = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom(...KEYS), { maxLength: 4 }).map((words) => words.join(" ")),
  fc.stringMatching(/^\d{0,400}$/),
);
const FILES = [
  "cpu.stat",
  "memory.peak",
  "memory.events",
  "io.stat",
  "pids.peak",
  "cpuacct.usage",
  "memory.oom_control",
];

Deno.test("parseUsage makes numbers or null of any lines", () => {
  const files = fc.dictionary(fc.constantFrom(...FILES), fc.array(line, { maxLength: 5 }));
  fc.assert(
    fc.property(files, (files) => {
      for (const [name, value] of Object.entries(parseUsage(files))) {
        ok(value === null || (Number.isFinite(value) && value >= 0), `${name} is ${value}`);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("parseMountinfo and parseMemberships read any text", () => {
  const field = fc.constantFrom("-", "/", "a\\040b", "\\999", "cgroup2", "rw,ro", "1:", ":/", "0::/", "");
  const mounts = fc.array(fc.array(field, { maxLength: 12 }).map((fields) => fields.join(" "))).map((lines) =>
    lines.join("\n")
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), mounts), (text) => {
      for (const mount of parseMountinfo(text)) ok(mount.mountPoint !== undefined && mount.type !== undefined);
      for (const { path } of parseMemberships(text)) ok(path.startsWith("/"));
    }),
    { numRuns: 300 },
  );
});
