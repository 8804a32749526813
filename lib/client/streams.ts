import { stdout } from "../base/stdout.ts";
import type { Writer } from "../base/write_all.ts";
import type { Stream } from "../contract/mod.ts";
import { findOutputs } from "./descriptors.ts";
import { LineMerger } from "./line_merger.ts";

let targets: Readonly<Record<Stream, Writer>> = { stdout, stderr: Deno.stderr };
/** One each, or the same for both once {@linkcode prepareStreams} has found that they are one file. */
let mergers: Readonly<Record<Stream, LineMerger>> = { stdout: new LineMerger(false), stderr: new LineMerger(false) };

/**
 * Makes ready for bytes of a job's streams: where both go to one file, no line of one is to begin within a line of the other.
 * @returns a signal that is aborted, with the error, when what was held back cannot be written.
 */
export async function prepareStreams(streams: readonly Stream[]): Promise<AbortSignal> {
  const { one, stdoutIsFile } = await findOutputs();
  if (stdoutIsFile) targets = { ...targets, stdout: Deno.stdout };
  // The same place by way of a descriptor that takes large pieces.
  else if (one) targets = { ...targets, stdout: { write: (bytes) => Deno.stderr.write(bytes) } };
  if (one) {
    const both = new LineMerger(streams.length > 1);
    mergers = { stdout: both, stderr: both };
  }
  return AbortSignal.any([mergers.stdout.broken, mergers.stderr.broken]);
}

/** Copies bytes of a job. */
export async function copyBytes(stream: Stream, bytes: Uint8Array): Promise<void> {
  await mergers[stream].copy(targets[stream], bytes);
}

/** Writes a line of our own, never within a line of a job. */
export async function writeLine(stream: Stream, line: string): Promise<void> {
  await mergers[stream].writeLine(targets[stream], line);
}

/**
 * Writes what is held back.
 * @throws {Error} when that fails.
 */
export async function flushStreams(): Promise<void> {
  await Promise.all([mergers.stdout.flush(), mergers.stderr.flush()]);
}
