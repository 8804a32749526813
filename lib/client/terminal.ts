import { describeError } from "../base/system_error.ts";
import { Failure } from "./failure.ts";

/** Where a command prints. Text of others is cleaned before it gets here, see {@linkcode clean}; bytes of jobs are not. */
export interface Terminal {
  /** Whether to print the API's objects rather than tables. */
  readonly json: boolean;
  /** Whether stdout may have colour. */
  readonly colour: boolean;
}

/** The terminal of this process. Colour only where a person sees it (no-color.org). */
export function openTerminal(output: "table" | "json"): Terminal {
  return { json: output === "json", colour: Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR") };
}

/** Writes all of it, in order. */
export async function write(to: { write(bytes: Uint8Array): Promise<number> }, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await to.write(bytes.subarray(written));
}

/** Writes a line to stdout. */
export async function print(line: string): Promise<void> {
  await write(Deno.stdout, new TextEncoder().encode(line + "\n"));
}

/** Writes a value as JSON on a line of stdout, with everything escaped that a terminal would obey and JSON lets stand. */
export async function printJson(value: unknown): Promise<void> {
  await print(clean(JSON.stringify(value)));
}

/**
 * Writes a sentence of Teleworker's own to stderr, told from a job's output by who says it. It has lines of its own for details alone: a line
 * break in the text of others begins none that would seem to be ours.
 */
export async function note(sentence: string, details: readonly string[] = []): Promise<void> {
  const text = [sentence, ...details].map(clean).join("\n  ");
  await write(Deno.stderr, new TextEncoder().encode(`teleworker: ${text}\n`));
}

/** Tells why something failed. */
export async function noteFailure(error: unknown): Promise<void> {
  await note(describeError(error), error instanceof Failure ? error.details : []);
}

/** Tells that a connection was lost and is being taken up again. */
export function tellLoss(error: Error): void {
  void note(`${error.message}; trying again`);
}

/** Text on one line that a terminal only shows: control characters and what changes the direction of text stand as escapes. */
export function clean(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Bidi_Control}]/gu,
    (character) => character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
