import { equal } from "../support/assert.ts";
import { hasEnded, jobListSchema, jobSchema, STATES } from "../../lib/contract/mod.ts";
import { aJob } from "../support/a_job.ts";
import { refuses, takes } from "./refusals.ts";

const JOB = aJob({ pid: 1, limits: { cpus: 0.5, pids: null }, usage: { cpuSeconds: 0.1 } });

Deno.test("jobSchema keeps what a newer server says besides", () => {
  equal(jobSchema.parse({ ...JOB, mood: "good" })["mood"], "good");
  equal(jobListSchema.parse({ jobs: [JOB], cursor: null, total: 1 })["total"], 1);
});

Deno.test("jobSchema: server of 0.1.0 tells no stop scope → main", () => {
  const { stopScope: _, ...job } = JOB;
  equal(jobSchema.parse(job).stopScope, "main");
  equal(jobSchema.parse({ ...job, stopScope: "some" }).stopScope, "some");
});

Deno.test("jobSchema: state or limit of a newer server → accepted as it is", () => {
  takes(jobSchema, "state", [...STATES, "paused", "constructor"], JOB);
  takes(jobSchema, "limits", [{ hosts: ["one"], placement: "any", open: { soft: 1 } }], JOB);
});

Deno.test("hasEnded: known state → by its name; unknown state → by its end time", () => {
  const endedAt = "2026-01-02T03:04:05.678Z";
  for (const state of STATES) {
    for (const at of [null, endedAt]) equal(hasEnded({ state, endedAt: at }), state !== "running", state);
  }
  equal(hasEnded({ state: "paused", endedAt: null }), false);
  equal(hasEnded({ state: "evaporated", endedAt }), true);
});

Deno.test("jobSchema refuses a job that lacks something or has it in another kind", () => {
  refuses(jobSchema, "state", [1, null, undefined], JOB);
  refuses(jobSchema, "id", ["1", "../../etc", null], JOB);
  refuses(jobSchema, "exitCode", ["0", 0.5, undefined], JOB);
  refuses(jobSchema, "args", [undefined, "x", [1]], JOB);
  refuses(jobSchema, "usage", [{}, null], JOB);
});
