import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import { formatJob } from "../format.ts";
import type { Session } from "../session.ts";
import { print } from "../terminal.ts";

/** How a job is named on the command line. */
export const jobArgument = () =>
  argument(string({ metavar: "JOB" }), { description: message`An id, the unique beginning of one, or a name.` });

/** `teleworker status`. */
export const statusCommand = command("status", object({ verb: constant("status"), job: jobArgument() }), {
  aliases: ["query"],
  brief: message`Show how a job is: state, times, limits, what it used.`,
  footer: message`Example: teleworker status backup`,
});

/** Shows one job. */
export async function status(flags: InferValue<typeof statusCommand>, { api, terminal }: Session): Promise<number> {
  const job = await api.find(flags.job);
  await print(terminal.json ? JSON.stringify(job) : formatJob(job, terminal).join("\n"));
  return 0;
}
