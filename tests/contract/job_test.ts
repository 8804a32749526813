import { equal } from "../support/assert.ts";
import { jobListSchema, jobSchema } from "../../lib/contract/mod.ts";
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

Deno.test("jobSchema refuses a job that lacks something or has it in another kind", () => {
  takes(jobSchema, "state", ["exited", "signaled", "stopped", "failed", "lost"], JOB);
  refuses(jobSchema, "state", ["ended", null, undefined], JOB);
  refuses(jobSchema, "id", ["1", "../../etc", null], JOB);
  refuses(jobSchema, "exitCode", ["0", 0.5, undefined], JOB);
  refuses(jobSchema, "args", [undefined, "x", [1]], JOB);
  refuses(jobSchema, "usage", [{}, null], JOB);
});
