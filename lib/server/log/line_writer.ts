import { Buffer } from "node:buffer";
import { stdout as processStdout } from "../../base/stdout.ts";
import { type Writer, writeSome } from "../../base/write_all.ts";
import { logger } from "./logger.ts";

/** Bytes that may wait while nobody reads, and the line that makes them more; those on top of that are left out. */
const MOST_WAITING = 2 ** 20;
/** Milliseconds for a reader to take what is waiting when the daemon ends. */
const PATIENCE = 1_000;

/**
 * Writes lines in their order and waits for nobody: a pipe that nobody reads would otherwise hold up the whole daemon at its
 * next line, since pipe(7) takes 64 KiB and then blocks.
 */
export class LineWriter {
  readonly #target: Writer;
  #waiting: Uint8Array[] = [];
  /** Bytes of what is waiting or being written. */
  #size = 0;
  #missing = 0;
  /** Whether the last line written is not whole. */
  #torn = false;
  #writing: Promise<void> | undefined;

  /** Writes to this from now on. */
  constructor(target: Writer) {
    this.#target = target;
  }

  /** Writes a line, to which it adds the end. What cannot be written is lost, and counted in the log once it can be again. */
  write(line: string): void {
    // A line of the audit log may be longer than all that may wait, and is not missing where somebody reads.
    if (this.#size >= MOST_WAITING) return void this.#missing++;
    const bytes = Buffer.from(`${line}\n`);
    this.#waiting.push(bytes);
    this.#size += bytes.length;
    this.#writing ??= this.#drain();
  }

  /** Resolves when all is written, or after a second. */
  async flush(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise((resolve) => timer = setTimeout(resolve, PATIENCE));
    await Promise.race([this.#writing, late]);
    clearTimeout(timer);
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      const written = await this.#writeAll(Buffer.concat(this.#torn ? [Buffer.from("\n"), ...lines] : lines));
      for (const { length } of lines) this.#size -= length;
      if (!written) this.#missing += lines.length;
      else if (this.#missing > 0) this.#tellMissing();
    }
    this.#writing = undefined;
  }

  async #writeAll(bytes: Uint8Array): Promise<boolean> {
    let written = 0;
    try {
      while (written < bytes.length) written += await writeSome(this.#target, bytes.subarray(written));
      this.#torn = false;
      return true;
    } catch {
      // It is closed or its disk is full, and there is no other place to say so.
      this.#torn ||= written > 0;
      return false;
    }
  }

  #tellMissing(): void {
    const count = this.#missing;
    this.#missing = 0;
    logger.warn("{count} lines are missing here: stderr took no more", { count });
  }
}

/** Where the log goes, and the audit log without a file. */
export const stderr = new LineWriter(Deno.stderr);
/** Where the daemon says that it is ready. */
export const stdout = new LineWriter(processStdout);
