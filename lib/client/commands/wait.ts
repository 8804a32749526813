import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";
import { command, constant } from "@optique/core/primitives";
import { hasEnded, type Job } from "../../contract/mod.ts";
import type { Api } from "../api.ts";
import { exitCodeOf } from "../exit_code.ts";
import { describeState } from "../format.ts";
import { ridingThrough, sleep } from "../retry.ts";
import type { Session } from "../session.ts";
import { print, printJson, tellLoss } from "../terminal.ts";
import { jobArguments } from "./status.ts";

/** `teleworker wait`. */
export const waitCommand = command(
  "wait",
  object({ verb: constant("wait"), jobs: jobArguments() }),
  {
    brief: message`Wait until jobs have ended; exit as the last one did.`,
    footer: message`Example: teleworker wait backup && echo done`,
  },
);

/** Waits for jobs; exits with the code of the last named. */
export async function wait(flags: InferValue<typeof waitCommand>, { api, terminal }: Session): Promise<number> {
  const jobs = await api.findAll(flags.jobs, "read");
  let code = 0;
  for (const { id } of jobs) {
    const job = await waitFor(api, id, new AbortController().signal);
    await (terminal.json ? printJson(job) : print(`${job.id} ${describeState(job)}`));
    code = exitCodeOf(job);
  }
  return code;
}

/** Milliseconds after which a server is asked again that has answered with a job that has not ended. */
const ASK_AGAIN_INTERVAL_MS = 1000;

/** Returns the job once it has ended, however often the connection breaks. */
export async function waitFor(api: Api, id: string, signal: AbortSignal): Promise<Job> {
  for (;;) {
    const job = await ridingThrough(
      () => api.job(id, { wait: true }, signal),
      tellLoss,
      signal,
      true,
    );
    // A newer server may have states between running and ended, for which it does not hold its answer back.
    if (hasEnded(job)) return job;
    await sleep(ASK_AGAIN_INTERVAL_MS, signal);
  }
}
