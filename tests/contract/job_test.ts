import { equal } from "node:assert/strict";
import { jobListSchema, jobSchema } from "../../lib/contract/mod.ts";
import { refuses, takes } from "./refusals.ts";

const JOB = {
  id: "8b0a2f39-7d3f-4a0e-9a55-0d5bd0c8a1f4",
  name: null,
  owner: "alice",
  command: "true",
  args: [],
  cwd: "/",
  envNames: [],
  state: "running",
  pid: 1,
  exitCode: null,
  signal: null,
  reason: null,
  outOfMemory: false,
  user: null,
  outputMaxBytes: 2 ** 30,
  limits: { cpus: 0.5, pids: null },
  timeoutSeconds: null,
  usage: {
    cpuSeconds: 0.1,
    cpuUserSeconds: null,
    cpuSystemSeconds: null,
    cpuThrottledSeconds: null,
    memoryBytes: null,
    memoryPeakBytes: null,
    outOfMemoryKills: null,
    readBytes: null,
    writtenBytes: null,
    readOperations: null,
    writeOperations: null,
    processes: null,
    processesPeak: null,
  },
  durationSeconds: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  startedAt: null,
  endedAt: null,
};

Deno.test("jobSchema keeps what a newer server says besides", () => {
  equal(jobSchema.parse({ ...JOB, mood: "good" })["mood"], "good");
  equal(jobListSchema.parse({ jobs: [JOB], cursor: null, total: 1 })["total"], 1);
});

Deno.test("jobSchema refuses a job that lacks something or has it in another kind", () => {
  takes(jobSchema, "state", ["exited", "signaled", "stopped", "failed", "lost"], JOB);
  refuses(jobSchema, "state", ["ended", null, undefined], JOB);
  refuses(jobSchema, "id", ["1", "../../etc", null], JOB);
  refuses(jobSchema, "exitCode", ["0", 0.5, undefined], JOB);
  refuses(jobSchema, "args", [undefined, "x", [1]], JOB);
  refuses(jobSchema, "usage", [{}, null], JOB);
});
