import { readLog, tailOffset } from "../output/mod.ts";
import type { Host } from "./host.ts";
import type { Entry } from "./registry.ts";
import { logPath, type Stream } from "./state_folder.ts";

/** Which part of a stream to read. */
export interface OutputOptions {
  /** From this byte on. */
  readonly offset?: number | undefined;
  /** From the last so many lines on; goes before `offset`. */
  readonly tail?: number | undefined;
  /** On until the job has ended and every byte is out. */
  readonly follow?: boolean | undefined;
  /** Called once, when the reading is over for whatever reason. */
  readonly onClose?: (() => void) | undefined;
}

/** A part of a job's output. */
export interface Output {
  /** Where it begins. */
  readonly offset: number;
  /** Raw bytes; cancel it or read it to its end, it holds a file open. */
  readonly bytes: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Reads what a job wrote to one of its streams. When the worker closes, the stream errs rather than look complete. */
export async function output(host: Host, entry: Entry, stream: Stream, options: OutputOptions = {}): Promise<Output> {
  const path = logPath(host.state, entry.spec.id, stream);
  const offset = options.tail === undefined ? options.offset ?? 0 : await tailOffset(path, options.tail);
  const bytes = await readLog(path, {
    offset,
    follow: options.follow
      ? { wakeups: host.wakeups, isComplete: () => entry.ended !== null || host.registry.get(entry.spec.id) !== entry }
      : undefined,
    signal: host.closing,
    onClose: options.onClose,
  });
  return { offset, bytes };
}
