import { object } from "@optique/core/constructs";
import { message, metavar, text } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant } from "@optique/core/primitives";
import { each, repeated } from "../../base/join_repeated.ts";
import { FIRST_OFFSET, MIN_ID_PREFIX, type Stream } from "../../contract/mod.ts";
import type { Api } from "../api.ts";
import { formatJob } from "../format.ts";
import type { Session } from "../session.ts";
import { print, printJson } from "../terminal.ts";
import { known } from "../values.ts";

type Which = "<jobs>" | "<running jobs>";

const describe = (least: number) =>
  message`A name, an id, or the unique beginning of an id, of at least ${text(String(least))} characters.`;

/** Describes a job of a verb that looks at it. */
export const LOOKED_AT = describe(MIN_ID_PREFIX.read);
/** Describes a job of a verb that changes it. */
export const CHANGED = describe(MIN_ID_PREFIX.change);

/** A job on the command line. */
export const jobArgument = () => argument(known("JOB", "<jobs>", "backup"), { description: LOOKED_AT });

/** One or more jobs on the command line. */
export const jobArguments = (which: Which = "<jobs>", description = LOOKED_AT) =>
  repeated(argument(each(known("JOB", which, "backup")), { description }), {
    min: 1,
    errors: { tooFew: message`Expected a ${metavar("JOB")}, but too few arguments.` },
  });

/** `teleworker status`. */
export const statusCommand = command("status", object({ verb: constant("status"), job: jobArgument() }), {
  aliases: ["query"],
  brief: message`Show how a job is: state, times, limits, what it used.`,
  footer: message`Example: teleworker status backup`,
});

/** Shows one job. */
export async function status(flags: InferValue<typeof statusCommand>, { api, terminal }: Session): Promise<number> {
  const job = await api.find(flags.job, "read");
  if (terminal.json) await printJson(job);
  else {
    const [stdout, stderr] = await Promise.all([goneBytes(api, job.id, "stdout"), goneBytes(api, job.id, "stderr")]);
    await print(formatJob(job, terminal, { stdout, stderr }).join("\n"));
  }
  return 0;
}

/** How many bytes of a stream are gone, by the header of an answer without any. */
async function goneBytes(api: Api, id: string, stream: Stream): Promise<number> {
  const { headers, body } = await api.send(`/v1/jobs/${id}/${stream}`, { query: { tail: 0 } });
  await body?.cancel();
  return Number(headers.get(FIRST_OFFSET) ?? 0);
}
