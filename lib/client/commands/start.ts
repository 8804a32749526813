import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";
import { command, constant } from "@optique/core/primitives";
import { IDEMPOTENCY_KEY, type Job, jobSchema, type StartRequest, versionSchema } from "../../contract/mod.ts";
import type { Api } from "../api.ts";
import { Failure, ProblemFailure } from "../failure.ts";
import { note, print, printJson, tellLoss } from "../terminal.ts";
import { jobFlags, toRequest } from "../job_flags.ts";
import { ridingThrough } from "../retry.ts";
import type { Session } from "../session.ts";

/** `teleworker start`. */
export const startCommand = command("start", merge(object({ verb: constant("start") }), jobFlags), {
  brief: message`Start a job and print its id.`,
  description:
    message`A program that cannot be started leaves a job in state failed: status shows its reason, list --all the job, remove takes it away.`,
  footer: message`Example: teleworker start --name backup --memory 256M -- tar -czf /srv/backup.tgz /home`,
});

/** Starts a job; prints its id and nothing else. */
export async function start(flags: InferValue<typeof startCommand>, { api, terminal }: Session): Promise<number> {
  const job = await startJob(api, toRequest(flags));
  await (terminal.json ? printJson(job) : print(job.id));
  if (job.state === "failed") await note(job.reason ?? "The job could not be started");
  return job.state === "failed" ? 1 : 0;
}

/** Starts one job, also when its request is sent again, for which it has a key; but the server must have been there. */
export async function startJob(api: Api, body: StartRequest): Promise<Job> {
  await api.ask("/v1/version", versionSchema);
  const headers = { [IDEMPOTENCY_KEY]: crypto.randomUUID() };
  return await ridingThrough(
    () => api.ask("/v1/jobs", jobSchema, { method: "POST", body, headers }).catch(refused),
    tellLoss,
    new AbortController().signal,
    true,
  );
}

/** A server that is there and can start nothing now, or no more jobs, is not waited for, as one that is away would be. */
function refused(error: unknown): never {
  const unable = error instanceof ProblemFailure && [429, 503].includes(error.problem.status);
  throw unable ? new Failure(error.message, { cause: error }) : error;
}
