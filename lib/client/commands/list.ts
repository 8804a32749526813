import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command, constant, flag } from "@optique/core/primitives";
import { cutColumns } from "../../base/columns.ts";
import { type DamagedJob, type Job, jobListSchema } from "../../contract/mod.ts";
import type { Api } from "../api.ts";
import { describeCommand, describeDamaged, describeDuration, describeState, formatTable, paint } from "../format.ts";
import type { Session } from "../session.ts";
import { clean, note, print, printJson, type Terminal } from "../terminal.ts";

/** `teleworker list`. */
export const listCommand = command(
  "list",
  object({
    verb: constant("list"),
    all: withDefault(flag("--all", "-a", { description: message`Also the jobs that have ended.` }), false),
  }),
  {
    aliases: ["ls", "ps"],
    brief: message`List running jobs, or all.`,
    footer: message`Example: teleworker list --all`,
  },
);

const COMMAND_WIDTH = 48;

/** Lists jobs, newest first, and tells of damaged ones on stderr. */
export async function list(flags: InferValue<typeof listCommand>, { api, terminal }: Session): Promise<number> {
  const { jobs, damaged } = await allJobs(api, flags.all ? undefined : "running");
  if (terminal.json) { for (const job of jobs) await printJson(job); }
  else for (const line of formatJobs(jobs, terminal)) await print(line);
  for (const job of damaged) await note(describeDamaged(job));
  return 0;
}

/** The jobs of all pages: those in a state, or all. */
export async function allJobs(
  api: Api,
  state: string | undefined,
): Promise<{ jobs: readonly Job[]; damaged: readonly DamagedJob[] }> {
  const jobs: Job[] = [];
  const damaged: DamagedJob[] = [];
  let cursor: string | undefined;
  do {
    const query = { state, limit: 1000, ...(cursor === undefined ? {} : { cursor }) };
    const page = await api.ask("/v1/jobs", jobListSchema, { query });
    jobs.push(...page.jobs);
    damaged.push(...page.damaged);
    // A page without jobs is the last, whatever it says: nobody goes on asking for nothing.
    cursor = page.jobs.length === 0 ? undefined : page.cursor ?? undefined;
  } while (cursor !== undefined);
  return { jobs, damaged };
}

function formatJobs(jobs: readonly Job[], terminal: Terminal): string[] {
  const rows = jobs.map((job) => [
    job.id,
    clean(job.name ?? "-"),
    clean(job.owner),
    describeState(job),
    describeDuration(job) ?? "-",
    cutColumns(clean(describeCommand(job)), COMMAND_WIDTH),
  ]);
  const [head = "", ...lines] = formatTable([["ID", "NAME", "OWNER", "STATE", "RAN FOR", "COMMAND"], ...rows]);
  return [head, ...lines.map((line, index) => paintState(line, jobs[index], terminal))];
}

function paintState(line: string, job: Job | undefined, terminal: Terminal): string {
  if (job === undefined) return line;
  const state = describeState(job);
  return line.replace(` ${state} `, () => ` ${paint(state, job, terminal)} `);
}
