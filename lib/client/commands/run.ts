import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command, constant, flag } from "@optique/core/primitives";
import { type Job, STREAMS } from "../../contract/mod.ts";
import type { Api } from "../api.ts";
import { hasInput } from "../descriptors.ts";
import { EXIT, exitCodeOf } from "../exit_code.ts";
import { copyOutputs } from "../follow.ts";
import { describeGaps, describeState } from "../format.ts";
import { jobFlags, toRequest } from "../job_flags.ts";
import type { Session } from "../session.ts";
import { flushStreams } from "../streams.ts";
import { note, noteFailure } from "../terminal.ts";
import { startJob } from "./start.ts";
import { KILL, stopJob } from "./stop.ts";
import { waitFor } from "./wait.ts";

/** `teleworker run`. */
export const runCommand = command(
  "run",
  merge(
    object({
      verb: constant("run"),
      detachOnInterrupt: withDefault(
        flag("--detach-on-interrupt", { description: message`On Ctrl-C leave the job running rather than stop it.` }),
        false,
      ),
    }),
    jobFlags,
  ),
  {
    brief: message`Start a job, show its output, exit as it does.`,
    description:
      message`Exits with the job's code, with 128 and the signal's number, or with 125 when Teleworker itself failed. Ctrl-C stops the job, a second one kills it. What is on stdin is not sent to the job.`,
    footer: message`Example: teleworker run --cpus 0.5 --cwd /srv/app -- make -j4 test`,
  },
);

/** How long a program that is being ended may take to write what it held back. */
const LAST_WORDS_MS = 100;

/** Runs a job as if it were here. */
export async function run(flags: InferValue<typeof runCommand>, { api }: Session): Promise<number> {
  const detached = new AbortController();
  const stopping: Promise<void>[] = [];
  const starting = startJob(api, toRequest(flags));
  const unsent = hasInput();
  let interrupts = 0;
  const interrupt = () => {
    // Whatever this client waits for, a server that is away above all: it can be ended.
    if (++interrupts > 2) leave();
    else if (flags.detachOnInterrupt) detached.abort();
    else stopping.push(stopOnInterrupt(api, starting, interrupts > 1));
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, interrupt);
  try {
    const job = await starting;
    if (await unsent) await note("stdin is not sent to the job, whose own is empty; </dev/null leaves out this line");
    const ended = await followJob(api, job, detached.signal);
    await Promise.all(stopping);
    for (const gap of describeGaps(ended)) await note(gap);
    if (ended.reason !== null || ended.outOfMemory) await note(ended.reason ?? `The job ${describeState(ended)}`);
    return exitCodeOf(ended);
  } catch (error) {
    const { id } = await starting;
    // Nobody reads any more, as behind `| head`: here it would die of SIGPIPE, so it must not go on there.
    if (error instanceof Deno.errors.BrokenPipe) await stopJob(api, id, {});
    else if (detached.signal.aborted) await note(`The job goes on: ${id}`);
    else if (interrupts === 0) await note(`The job was not stopped: ${id}`);
    if (!detached.signal.aborted) throw error;
    return EXIT.interrupted;
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, interrupt);
  }
}

/** Ends this program, whose output perhaps nobody takes. */
function leave(): void {
  const exit = () => Deno.exit(EXIT.interrupted);
  setTimeout(exit, LAST_WORDS_MS);
  flushStreams().then(exit, exit);
}

async function followJob(api: Api, job: Job, signal: AbortSignal): Promise<Job> {
  await copyOutputs(api, job.id, STREAMS, { follow: true, signal });
  return await waitFor(api, job.id, signal);
}

async function stopOnInterrupt(api: Api, starting: Promise<Job>, kill: boolean): Promise<void> {
  const sentence = kill
    ? "Killing the job; interrupt again to leave it"
    : "Stopping the job; interrupt again to kill it";
  // Not awaited first: the job is stopped also where nobody reads stderr any more, or it takes nothing for now.
  const noted = note(sentence).catch(() => {});
  try {
    await stopJob(api, (await starting).id, kill ? KILL : {});
  } catch (error) {
    await noteFailure(error).catch(() => {});
  }
  await noted;
}
