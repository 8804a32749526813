import { object } from "@optique/core/constructs";
import { message, metavar } from "@optique/core/message";
import { multiple } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import { formatJob } from "../format.ts";
import type { Session } from "../session.ts";
import { print, printJson } from "../terminal.ts";

/** How a job is named on the command line. */
export const jobArgument = () =>
  argument(string({ metavar: "JOB" }), { description: message`An id, the unique beginning of one, or a name.` });

/** One or more jobs on the command line. */
export const jobArguments = () =>
  multiple(jobArgument(), {
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
  const job = await api.find(flags.job);
  await (terminal.json ? printJson(job) : print(formatJob(job, terminal).join("\n")));
  return 0;
}
