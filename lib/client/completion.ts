import type { Parser } from "@optique/core/parser";
import { cutColumns } from "../base/columns.ts";
import { type DamagedJob, type Job, jobListSchema, jobNameSchema } from "../contract/mod.ts";
import { listClients } from "../pki/certificate_files.ts";
import { Api } from "./api.ts";
import type { CompletionFlags } from "./commands/completion.ts";
import bash from "./completion/teleworker.bash" with { type: "text" };
import fish from "./completion/teleworker.fish" with { type: "text" };
import zsh from "./completion/teleworker.zsh" with { type: "text" };
import { certsFolder, type ConnectionOptions, openConnection } from "./connection.ts";
import { describeCommand, describeState } from "./format.ts";
import { suggest, type Suggested } from "./suggestions.ts";
import { clean, print } from "./terminal.ts";
import { connectionIn, unquote } from "./typed.ts";
import { type Placeholder, PLACEHOLDERS } from "./values.ts";

const SCRIPTS = { bash, zsh, fish };
/** Milliseconds that a shell waits for the server; then nothing of it is offered. */
const PATIENCE = 1000;
/** Most jobs asked for, the newest. */
const MOST_JOBS = 1000;
const DESCRIPTION_WIDTH = 60;

/**
 * Prints the script of a shell, or what that script asks for: for each word that may follow a line with the word, a tab and its
 * description; a tab and `file` or `directory` alone where the shell completes by itself.
 */
export async function completion(
  { shell, words }: CompletionFlags,
  parserFor: (words: readonly string[]) => Parser<"sync", unknown, unknown>,
): Promise<number> {
  if (words.length === 0) {
    await print(SCRIPTS[shell].trimEnd());
    return 0;
  }
  const typed = unquote(shell, words);
  const { suggested, head, prefix } = suggest(parserFor(typed), typed);
  for (const one of suggested) {
    const placeholder = PLACEHOLDERS.find((placeholder) => placeholder === one.text);
    const candidates = placeholder === undefined ? [one] : await resolve(placeholder, connectionIn(typed), prefix);
    for (const { text, description } of candidates) {
      await print(`${text === "" ? "" : head + text}\t${cutColumns(clean(description), DESCRIPTION_WIDTH)}`);
    }
  }
  return 0;
}

/** What a placeholder stands for; nothing of the server or the folder when they cannot be asked, for a completion has no voice. */
async function resolve(placeholder: Placeholder, typed: ConnectionOptions, prefix: string): Promise<Suggested[]> {
  switch (placeholder) {
    case "<file>":
    case "<directory>":
      return [{ text: "", description: placeholder.slice(1, -1) }];
    case "<clients>": {
      const names = await listClients(certsFolder(typed.certs)).catch(() => []);
      return names.filter((text) => text.startsWith(prefix)).map((text) => ({ text, description: "" }));
    }
    default:
      return await jobs(typed, placeholder === "<running jobs>" ? "running" : undefined, prefix).catch(() => []);
  }
}

/**
 * The jobs by name where one has a name of its own, else by id; by id too once some of it is typed. A server may send anything for a
 * name: only what could have been given as one is offered.
 */
async function jobs(typed: ConnectionOptions, state: "running" | undefined, prefix: string): Promise<Suggested[]> {
  const signal = AbortSignal.timeout(PATIENCE);
  const { jobs, damaged } = await Promise.race([ask(typed, state, signal), aborted(signal)]);
  const names = jobs.map(({ name }) => name);
  const isOwn = (name: string) => names.indexOf(name) === names.lastIndexOf(name);
  const found = jobs.flatMap((job) => {
    const description = describe(job);
    const name = jobNameSchema.safeParse(job.name).data;
    if (name === undefined || !isOwn(name)) return [{ text: job.id, description }];
    return prefix === "" ? [{ text: name, description }] : [name, job.id].map((text) => ({ text, description }));
  });
  if (state === undefined) found.push(...damaged.map(({ id }) => ({ text: id, description: "damaged" })));
  return found.filter(({ text }) => text.startsWith(prefix));
}

interface Jobs {
  readonly jobs: readonly Job[];
  readonly damaged: readonly DamagedJob[];
}

async function ask(typed: ConnectionOptions, state: string | undefined, signal: AbortSignal): Promise<Jobs> {
  using api = new Api(await openConnection(typed));
  return await api.ask("/v1/jobs", jobListSchema, { query: { state, limit: MOST_JOBS }, signal });
}

/** Fails when the signal does, whatever hangs. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

function describe(job: Job): string {
  return `${describeState(job)}: ${describeCommand(job)}`;
}
