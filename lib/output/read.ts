import type { Wakeups } from "./wakeups.ts";
import { basename } from "node:path";

/** How to read a log. */
export interface ReadOptions {
  /** First byte wanted. */
  readonly offset: number;
  /** With it the reader goes on until the log is complete; without it ends at what is there. */
  readonly follow?: { readonly wakeups: Wakeups; readonly isComplete: () => boolean } | undefined;
  /** The first byte that the log still has, where its head may be freed: what was before it is gone. */
  readonly firstOffset?: (() => number) | undefined;
  /** Ends the stream with its reason as error. */
  readonly signal: AbortSignal;
  /** Called once, when the reader is done for whatever reason. */
  readonly onClose?: (() => void) | undefined;
}

/** Bytes per read: the first of a reader, and the range within which its pace moves it. */
const CHUNK = { first: 64 * 1024, least: 16 * 1024, most: 256 * 1024 };
/** A reader that takes longer than this for a chunk, in milliseconds, is slow: it gets smaller ones. */
const SLOW = 20;

/** A reader was overtaken: the bytes that it wanted next are gone. It can go on from the first that is there, knowing of the gap. */
export class OvertakenError extends Error {
  /** Tells it apart in logs. */
  override readonly name = "OvertakenError";
}

/**
 * The bytes of a log from an offset on, which must not be before the first that there is. Reads only when asked to, at the reader's own pace, and holds a buffer only while there
 * are bytes for it: an idle follower costs an open file and a callback.
 * @throws {Deno.errors.NotFound} when the log is not there.
 * @throws {Error} when it cannot be followed, as the kernel gives no watch.
 */
export async function readLog(path: string, options: ReadOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const file = await Deno.open(path);
  const reader = beginReading(file, path, options);
  return new ReadableStream({
    pull: (controller) => reader.pull(controller),
    cancel: () => reader.close(),
  }, { highWaterMark: 0 });
}

function beginReading(file: Deno.FsFile, path: string, options: ReadOptions): LogReader {
  try {
    return new LogReader(file, path, options);
  } catch (error) {
    file.close();
    throw error;
  }
}

class LogReader {
  readonly #file: Deno.FsFile;
  readonly #options: ReadOptions;
  readonly #unsubscribe: (() => void) | undefined;
  #offset: number;
  #size = CHUNK.first;
  #delivered = 0;
  #open = true;
  #woken = Promise.withResolvers<void>();
  readonly #wake = () => this.#woken.resolve();

  constructor(file: Deno.FsFile, path: string, options: ReadOptions) {
    this.#file = file;
    this.#options = options;
    this.#offset = options.offset;
    this.#unsubscribe = options.follow?.wakeups.subscribe(basename(path), this.#wake);
    options.signal.addEventListener("abort", this.#wake);
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    try {
      while (this.#open) {
        this.#options.signal.throwIfAborted();
        // Asked before the look at the file: what the log holds once it is complete is all there will be.
        const complete = this.#options.follow?.isComplete() ?? true;
        this.#woken = Promise.withResolvers();
        const chunk = await this.#read();
        if (chunk !== null) return controller.enqueue(chunk);
        if (complete) {
          this.close();
          return controller.close();
        }
        // Waiting for the job is not the reader's slowness.
        this.#delivered = 0;
        await this.#woken.promise;
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async #read(): Promise<Uint8Array<ArrayBuffer> | null> {
    const available = this.#file.statSync().size - this.#offset;
    if (available <= 0) return null;
    this.#adaptToPace();
    const buffer = new Uint8Array(Math.min(available, this.#size));
    await this.#file.seek(this.#offset, Deno.SeekMode.Start);
    const count = await this.#file.read(buffer);
    if (count === null) return null;
    // After the read: what is freed now reads as zeros, and must never be taken for output.
    if ((this.#options.firstOffset?.() ?? 0) > this.#offset) {
      throw new OvertakenError("The output is gone that was to be read next");
    }
    this.#offset += count;
    this.#delivered = performance.now();
    return buffer.subarray(0, count);
  }

  /** A slow reader amid a large backlog must not hold large buffers; a fast one is faster with them. */
  #adaptToPace(): void {
    if (this.#delivered === 0) return;
    const slow = performance.now() - this.#delivered > SLOW;
    this.#size = slow ? Math.max(CHUNK.least, this.#size / 2) : Math.min(CHUNK.most, this.#size * 2);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#options.signal.removeEventListener("abort", this.#wake);
    this.#unsubscribe?.();
    this.#file.close();
    this.#wake();
    this.#options.onClose?.();
  }
}
