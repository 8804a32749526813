import { escapeJson, escapeTerminal as clean } from "../base/escape_terminal.ts";
import { describeError } from "../base/system_error.ts";
import { Failure } from "./failure.ts";
import { writeLine } from "./streams.ts";

export { clean };

/** Where a command prints. Text of others is cleaned before it gets here, see {@linkcode clean}; bytes of jobs are not. */
export interface Terminal {
  /** Whether to print the API's objects rather than tables. */
  readonly json: boolean;
  /** Whether stdout may have colour. */
  readonly colour: boolean;
}

/** The terminal of this process. Colour only where a person sees it (no-color.org). */
export function openTerminal(output: "table" | "json"): Terminal {
  return { json: output === "json", colour: obeysEscapes() && !Deno.env.get("NO_COLOR") };
}

/** Tells whether stdout is a terminal that knows escape sequences, of which a dumb one, or one without a name, knows none. */
export function obeysEscapes(): boolean {
  return Deno.stdout.isTerminal() && !["", "dumb"].includes(Deno.env.get("TERM") ?? "");
}

/** Writes a line to stdout. */
export async function print(line: string): Promise<void> {
  await writeLine("stdout", line);
}

/** Writes a value as JSON on a line of stdout, with everything escaped that a terminal would obey and JSON lets stand. */
export async function printJson(value: unknown): Promise<void> {
  await print(escapeJson(JSON.stringify(value)));
}

/**
 * Writes a sentence of Teleworker's own to stderr, told from a job's output by who says it. It has lines of its own for details alone: a line
 * break in the text of others begins none that would seem to be ours.
 */
export async function note(sentence: string, details: readonly string[] = []): Promise<void> {
  const text = [sentence, ...details].map(clean).join("\n  ");
  await writeLine("stderr", `teleworker: ${text}`);
}

const FLUSH_TIMEOUT_MS = 1_000;
let pending: Promise<unknown> = Promise.resolve();

/** Writes a sentence as {@linkcode note} does, while the work goes on: a stderr that nobody reads must not hold it up. */
export function noteInPassing(sentence: string): void {
  pending = Promise.allSettled([pending, note(sentence)]);
}

/** Waits until what {@linkcode noteInPassing} was given is written, for a second at most. */
export async function flushNotes(): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise((resolve) => timer = setTimeout(resolve, FLUSH_TIMEOUT_MS));
  await Promise.race([pending, timeout]);
  clearTimeout(timer);
}

/** Tells why something failed. */
export async function noteFailure(error: unknown): Promise<void> {
  await note(describeError(error), error instanceof Failure ? error.details : []);
}

/** Tells that a connection was lost and is being taken up again. */
export function tellLoss(error: Error): void {
  noteInPassing(`${error.message}; trying again`);
}
