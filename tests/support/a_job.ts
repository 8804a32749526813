import type { Job } from "../../lib/contract/mod.ts";

const USAGE = {
  cpuSeconds: null,
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
};

/** A job as the API shows one, but for these fields. */
export function aJob({ usage, ...fields }: Partial<Omit<Job, "usage">> & { usage?: Partial<Job["usage"]> }): Job {
  return {
    id: "0b8b6c1e-0d3c-4a52-9f0e-2f6f1c2d3e4f",
    name: null,
    owner: "alice",
    command: "true",
    args: [],
    cwd: "/",
    envNames: [],
    state: "running",
    pid: null,
    exitCode: null,
    signal: null,
    reason: null,
    outOfMemory: false,
    user: null,
    gaps: { stdout: [], stderr: [] },
    outputMaxBytes: 2 ** 30,
    limits: {},
    timeoutSeconds: null,
    stopScope: "all",
    usage: { ...USAGE, ...usage },
    durationSeconds: null,
    createdAt: "2026-01-02T03:04:05.678Z",
    startedAt: null,
    endedAt: null,
    ...fields,
  };
}
