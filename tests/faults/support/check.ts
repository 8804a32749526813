import { ok } from "../../support/assert.ts";
import type { Job } from "../../../lib/contract/mod.ts";
import type { Known } from "./herd.ts";
import { type Ending, textOf } from "./numbered.ts";

/** Whether a job ended as its program does by itself. */
function endedAs(job: Job, ending: Ending): boolean {
  if (ending === "stays") return false;
  return "code" in ending ? job.exitCode === ending.code : job.signal === ending.signal;
}

/** Throws when a job has not ended as it must have by what its program does and what was asked for. */
export function checkEnd(job: Job, { program, wish }: Known): void {
  const byItself = endedAs(job, program.ending) && (job.state === "exited" || job.state === "signaled");
  const byUser = wish !== "nothing" && job.state === "stopped" &&
    (endedAs(job, program.ending) || job.signal === "SIGTERM" || job.signal === "SIGKILL");
  const { state, exitCode, signal, reason } = job;
  ok(
    byItself || byUser,
    `The job ${job.id} was to end by ${JSON.stringify(program.ending)} after wish "${wish}", not as ${
      JSON.stringify({ state, exitCode, signal, reason })
    }`,
  );
}

/** Throws when an ended job's stream is not what its program wrote: all of it, or the beginning if it was stopped. */
export function checkOutput(text: string, stream: "stdout" | "stderr", { program }: Known, job: Job): void {
  const whole = textOf(program, stream);
  const complete = job.state === "exited" || job.state === "signaled";
  const right = complete ? text === whole : whole.startsWith(text) && (text === "" || text.endsWith("\n"));
  ok(right, `The ${job.state} job ${job.id} has a wrong ${stream}: ${difference(text, whole)}`);
}

/** Where a text leaves what it should be, for a person. */
export function difference(text: string, whole: string): string {
  let at = 0;
  while (at < text.length && text[at] === whole[at]) at++;
  const shown = (of: string) => JSON.stringify(of.slice(Math.max(0, at - 20), at + 40));
  return `${text.length} of ${whole.length} bytes, from byte ${at} on ${shown(text)} rather than ${shown(whole)}`;
}
