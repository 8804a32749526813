import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command, constant, flag, option } from "@optique/core/primitives";
import { STREAMS } from "../../contract/mod.ts";
import { exitCodeOf } from "../exit_code.ts";
import { copyOutputs } from "../follow.ts";
import { describeGaps } from "../format.ts";
import type { Session } from "../session.ts";
import { note } from "../terminal.ts";
import { whole } from "../values.ts";
import { jobArgument } from "./status.ts";
import { waitFor } from "./wait.ts";

/** `teleworker logs`. */
export const logsCommand = command(
  "logs",
  object({
    verb: constant("logs"),
    follow: withDefault(
      flag("--follow", "-f", { description: message`Go on until the job has ended, and exit as it did.` }),
      false,
    ),
    stdout: withDefault(flag("--stdout", { description: message`Only its stdout.` }), false),
    stderr: withDefault(flag("--stderr", { description: message`Only its stderr.` }), false),
    tail: optional(
      option("--tail", whole("N", [0], "10"), { description: message`Only the last N lines of each.` }),
    ),
    job: jobArgument(),
  }),
  {
    aliases: ["stream", "output"],
    brief: message`Show what a job wrote, from the first byte on.`,
    description:
      message`Its stdout goes to stdout, its stderr to stderr, byte for byte. A connection that breaks is taken up again where it was.`,
    footer: message`Example: teleworker logs -f --tail 20 backup`,
  },
);

/** Copies a job's output here. */
export async function logs(flags: InferValue<typeof logsCommand>, { api }: Session): Promise<number> {
  const job = await api.find(flags.job, "read");
  const both = flags.stdout === flags.stderr;
  const streams = both ? STREAMS : STREAMS.filter((stream) => flags[stream]);
  const signal = new AbortController().signal;
  const options = { tail: flags.tail, follow: flags.follow, signal };
  await copyOutputs(api, job.id, streams, options);
  const now = await (flags.follow ? waitFor(api, job.id, signal) : api.job(job.id));
  for (const gap of describeGaps(now)) await note(gap);
  return flags.follow ? exitCodeOf(now) : 0;
}
