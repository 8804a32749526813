import { writeAll, type Writer } from "../base/write_all.ts";

/** How long an unfinished line is held back: short enough for a prompt, long enough for the rest of a line on its way here. */
const HOLD_MS = 200;
/** How much of an unfinished line is held back. */
const MAX_HELD_BYTES = 64 * 1024;
const NEWLINE = 10;

/** The unfinished line of a stream. */
interface Held {
  readonly pieces: Uint8Array[];
  size: number;
  readonly timer: ReturnType<typeof setTimeout>;
}

/**
 * Writers of one file, one at a time, of which none begins within another's line. Where it holds, a line of a stream is written when it
 * has ended, after 200 ms, or when it has more than 64 KiB; else bytes pass as they come. No byte is added, changed or left out.
 */
export class LineMerger {
  readonly #holds: boolean;
  readonly #held = new Map<Writer, Held>();
  /** Whose line is unfinished at the end of the file. */
  #unfinished: Writer | undefined;
  /** Ends when all that was to be written so far is written, or failed. */
  #turn: Promise<void> = Promise.resolve();
  readonly #broken = new AbortController();

  /** Takes no notice of lines unless it is to hold them. */
  constructor(holds: boolean) {
    this.#holds = holds;
  }

  /** Aborted, with the error, when something held back could not be written. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  /** Copies bytes of the stream that goes to `to`; they may be changed once this resolves. */
  async copy(to: Writer, bytes: Uint8Array): Promise<void> {
    await this.#inTurn(async () => {
      this.#broken.signal.throwIfAborted();
      const end = this.#holds ? this.#endOfPassing(to, bytes) : bytes.length;
      if (end > 0) await this.#write(to, bytes.subarray(0, end));
      if (end < bytes.length) await this.#hold(to, bytes.subarray(end));
    });
  }

  /** Writes a line of our own, on a line of its own. */
  async writeLine(to: Writer, line: string): Promise<void> {
    await this.#inTurn(async () => {
      const begin = this.#unfinished === undefined ? "" : "\n";
      this.#unfinished = undefined;
      await writeAll(to, new TextEncoder().encode(`${begin}${line}\n`));
    });
  }

  /**
   * Writes what is held back.
   * @throws {Error} when that fails, or did so before.
   */
  async flush(): Promise<void> {
    // Waits for no other writer where there is nothing to wait for.
    if (!this.#holds) return;
    await this.#inTurn(async () => {
      this.#broken.signal.throwIfAborted();
      for (const to of [...this.#held.keys()]) await this.#write(to);
    });
  }

  /** How much of these bytes need not be held: whole lines, and all of a line of which some can be seen already. */
  #endOfPassing(to: Writer, bytes: Uint8Array): number {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    return end === 0 && this.#unfinished === to ? bytes.length : end;
  }

  async #hold(to: Writer, bytes: Uint8Array): Promise<void> {
    const held = this.#held.get(to) ?? { pieces: [], size: 0, timer: setTimeout(() => this.#late(to), HOLD_MS) };
    this.#held.set(to, held);
    // Copied, which the slice() of a Buffer would not do.
    held.pieces.push(new Uint8Array(bytes));
    held.size += bytes.length;
    if (held.size > MAX_HELD_BYTES) await this.#write(to);
  }

  /** Writes a line whose rest has not come in time. By its turn, that may have ended and another may be held. */
  #late(to: Writer): void {
    const late = this.#held.get(to);
    const written = this.#inTurn(async () => {
      if (this.#held.get(to) === late) await this.#write(to);
    });
    written.catch((error) => this.#broken.abort(error));
  }

  /** Writes what is held of a stream, and bytes after it. */
  async #write(to: Writer, bytes: Uint8Array = new Uint8Array()): Promise<void> {
    const held = this.#held.get(to);
    this.#held.delete(to);
    clearTimeout(held?.timer);
    const pieces = [...held?.pieces ?? [], bytes];
    const last = pieces.findLast(({ length }) => length > 0)?.at(-1);
    if (last !== undefined) this.#unfinished = last === NEWLINE ? undefined : to;
    for (const piece of pieces) await writeAll(to, piece);
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const written = this.#turn.then(write);
    this.#turn = written.catch(() => {});
    return written;
  }
}
