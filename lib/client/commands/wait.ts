import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";
import { command, constant } from "@optique/core/primitives";
import type { Job } from "../../contract/mod.ts";
import type { Api } from "../api.ts";
import { exitCodeOf } from "../exit_code.ts";
import { describeState } from "../format.ts";
import { ridingThrough } from "../retry.ts";
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
  const jobs = await Promise.all(flags.jobs.map((reference) => api.find(reference)));
  let code = 0;
  for (const { id } of jobs) {
    const job = await waitFor(api, id, new AbortController().signal);
    await (terminal.json ? printJson(job) : print(`${job.id} ${describeState(job)}`));
    code = exitCodeOf(job);
  }
  return code;
}

/** The job once it has ended, however often the connection breaks meanwhile. */
export async function waitFor(api: Api, id: string, signal: AbortSignal): Promise<Job> {
  return await ridingThrough(
    () => api.job(id, { wait: true }, signal),
    tellLoss,
    signal,
    true,
  );
}
