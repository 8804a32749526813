import { join } from "node:path";
import { damagedError, unknownError } from "./errors.ts";
import { readLog, tailOffset } from "../output/mod.ts";
import { endOfWaiting, type Host } from "./host.ts";
import { readRecord } from "./read_record.ts";
import { firstSchema } from "./records.ts";
import type { Entry } from "./registry.ts";
import { jobFolder, logPath, type Stream } from "./state_folder.ts";

/** Which part of a stream to read. */
export interface OutputOptions {
  /** From this byte on. */
  readonly offset?: number | undefined;
  /** From the last so many lines on; goes before `offset`. */
  readonly tail?: number | undefined;
  /** On until the job has ended and every byte is out. */
  readonly follow?: boolean | undefined;
  /** Ends the search for the last lines, with its reason as error, when nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
  /** Called once, when the reading is over for whatever reason. */
  readonly onClose?: (() => void) | undefined;
}

/** A part of a job's output. */
export interface Output {
  /** Where it begins: where it was asked for, or at the first byte that is still there. */
  readonly offset: number;
  /** The first byte of the stream that is still there. */
  readonly firstOffset: number;
  /** Raw bytes; cancel it or read it to its end, it holds a file open. */
  readonly bytes: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Reads what a job wrote to one of its streams. When the worker closes, or the job is damaged, the stream errs rather than look complete. */
export async function output(host: Host, entry: Entry, stream: Stream, options: OutputOptions = {}): Promise<Output> {
  try {
    return await open(host, entry, stream, options);
  } catch (error) {
    const { id } = entry.spec;
    const removed = error instanceof Deno.errors.NotFound && host.registry.get(id) !== entry;
    throw removed ? unknownError(id) : error;
  }
}

async function open(host: Host, entry: Entry, stream: Stream, options: OutputOptions): Promise<Output> {
  const path = logPath(host.state, entry.spec.id, stream);
  const first = () => readFirst(host, entry, stream);
  const firstOffset = first();
  const offset = options.tail === undefined
    ? Math.max(firstOffset, options.offset ?? 0)
    : await tailOffset(path, options.tail, firstOffset, endOfWaiting(host, options.signal));
  const bytes = await readLog(path, {
    offset,
    follow: options.follow ? { wakeups: host.wakeups, isComplete: () => isComplete(host, entry) } : undefined,
    firstOffset: first,
    signal: host.closing,
    onClose: options.onClose,
  });
  return { offset, firstOffset, bytes };
}

/** @throws {WorkerError} `damaged` where nobody can tell: it may still run. */
function isComplete({ registry }: Host, entry: Entry): boolean {
  if (entry.ended !== null) return true;
  const damaged = registry.damaged(entry.spec.id);
  if (damaged !== undefined) throw damagedError(damaged);
  return registry.get(entry.spec.id) !== entry;
}

/** The first byte of a log that is still there: its drain tells before it frees any, which it does only beyond the most. */
function readFirst(host: Host, { spec }: Entry, stream: Stream): number {
  if (sizeOf(logPath(host.state, spec.id, stream)) <= spec.outputMaxBytes) return 0;
  return readRecord(join(jobFolder(host.state, spec.id), `${stream}.first`), firstSchema)?.record.offset ?? 0;
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
