import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command, constant, flag, option } from "@optique/core/primitives";
import { IDEMPOTENCY_KEY, type Job, jobSchema, type StopRequest, stopSchema } from "../../contract/mod.ts";
import type { Api } from "../api.ts";
import { mapConcurrently } from "../concurrently.ts";
import { describeState } from "../format.ts";
import { ridingThrough } from "../retry.ts";
import type { Session } from "../session.ts";
import { print, printJson, tellLoss } from "../terminal.ts";
import { duration, signal } from "../values.ts";
import { CHANGED, jobArguments } from "./status.ts";

/** `teleworker stop`. */
export const stopCommand = command(
  "stop",
  object({
    verb: constant("stop"),
    signal: optional(
      option("--signal", "-s", signal(), { description: message`Sent to each of its processes (TERM).` }),
    ),
    grace: optional(
      option("--grace", duration(stopSchema.shape.graceSeconds), {
        description: message`How long they may take before those that are left are killed (10s).`,
      }),
    ),
    kill: withDefault(flag("--kill", { description: message`Kill all of it at once.` }), false),
    jobs: jobArguments("<running jobs>", CHANGED),
  }),
  {
    brief: message`Stop jobs, and wait until they have ended.`,
    footer: message`Example: teleworker stop --grace 30s backup`,
  },
);

/** Stops that are in progress at once; each takes a connection until its job has ended, which may be for all of the grace period. */
const CONCURRENT_STOPS = 48;

/** Kills a job at once. */
export const KILL: StopRequest = { signal: "SIGKILL", graceSeconds: 0 };

/** Stops jobs, all at the same time. */
export async function stop(flags: InferValue<typeof stopCommand>, { api, terminal }: Session): Promise<number> {
  const request: StopRequest = flags.kill ? KILL : {
    ...(flags.signal === undefined ? {} : { signal: flags.signal }),
    ...(flags.grace === undefined ? {} : { graceSeconds: flags.grace }),
  };
  const jobs = await api.findAll(flags.jobs, "change");
  const stopped = await mapConcurrently(jobs, CONCURRENT_STOPS, ({ id }) => stopJob(api, id, request));
  for (const job of stopped) await (terminal.json ? printJson(job) : print(`${job.id} ${describeState(job)}`));
  return 0;
}

/** Stops a job; the job as it ended. */
export async function stopJob(api: Api, id: string, body: StopRequest): Promise<Job> {
  const headers = { [IDEMPOTENCY_KEY]: crypto.randomUUID() };
  // A job that is just being launched may take the grace period for that, and then as long again to end.
  const mayTakeMs = 2000 * (body.graceSeconds ?? 0);
  return await ridingThrough(
    () => api.ask(`/v1/jobs/${id}/stop`, jobSchema, { method: "POST", body, headers, mayTakeMs }),
    tellLoss,
    new AbortController().signal,
    true,
  );
}
