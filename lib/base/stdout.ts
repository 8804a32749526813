import { readOwnProcFile } from "./own_proc_file.ts";
import { type SyncWriter, type Writer, writeSome, writeSomeSync } from "./write_all.ts";

const NEWLINE = 10;
const NOTHING = new Uint8Array();
/** What a pipe takes as a whole or not at all (pipe(7), PIPE_BUF); so does a Unix socket. */
const ATOMIC_BYTES = 4096;
/** What Rust's `LineWriter` holds back of a line. */
const BUFFER_BYTES = 1024;
/** How long what was found of the descriptor is good for: whoever shares it usually switches it when they begin. */
const FLAGS_CHECK_INTERVAL_MS = 1_000;
/** In octal, as /proc shows it (open(2)). */
const O_NONBLOCK = 0o4000;

/**
 * The process's stdout. `Deno.stdout` has a `LineWriter` of Rust in between, and fails with `WouldBlock` also after it has taken some bytes,
 * and does not tell how many: on a descriptor that is not to block, bytes would be lost or come twice. They are given to it in pieces of
 * which it is known whether they were taken. (A TCP socket that is not to block could still take a part of a piece.) Such pieces are small,
 * and four times slower; so a pipe or terminal that blocks gets its bytes as they come.
 *
 * - What has no line end, and is not less than its buffer, it writes as it is.
 * - What has none and is less it takes in any case, and then tries to write.
 * - What ends with a line end it tries to write first: if that takes all or nothing, and it fails, it has taken nothing.
 */
class Stdout implements Writer, SyncWriter {
  #isTerminal: boolean | undefined;
  #blocks: boolean | undefined;
  #flagsCheckedAt = -Infinity;

  /**
   * Takes a piece of these bytes.
   * @throws {Error} if someone made the descriptor non-blocking a moment ago: some bytes were taken, and nobody knows how many.
   */
  async write(bytes: Uint8Array): Promise<number> {
    this.#isTerminal ??= Deno.stdout.isTerminal();
    if ((this.#isTerminal || bytes.length > ATOMIC_BYTES) && await this.#isBlocking() === true) {
      return await Deno.stdout.write(bytes).catch((error) => {
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        throw new Error("Cannot write the output: another program has made it non-blocking", { cause: error });
      });
    }
    const piece = this.#pieceOf(bytes);
    try {
      // A terminal takes any part of a piece: only one byte is all or nothing. So small ones are too slow on a thread of their own; but
      // where it may block, as one that was stopped by Ctrl-S, nothing else would happen meanwhile, be it an interrupt.
      const atOnce = this.#isTerminal && await this.#isBlocking() === false;
      return atOnce ? Deno.stdout.writeSync(piece) : await Deno.stdout.write(piece);
    } catch (error) {
      if (!isTaken(piece, error)) throw error;
      await writeSome(Deno.stdout, NOTHING);
      return piece.length;
    }
  }

  /** Takes a piece of these bytes at once. */
  writeSync(bytes: Uint8Array): number {
    const piece = this.#pieceOf(bytes);
    try {
      return Deno.stdout.writeSync(piece);
    } catch (error) {
      if (!isTaken(piece, error)) throw error;
      writeSomeSync(Deno.stdout, NOTHING);
      return piece.length;
    }
  }

  /** Tells whether the descriptor blocks; `undefined` where nobody can know. */
  async #isBlocking(): Promise<boolean | undefined> {
    const now = performance.now();
    if (now - this.#flagsCheckedAt > FLAGS_CHECK_INTERVAL_MS) {
      this.#flagsCheckedAt = now;
      const info = await readOwnProcFile("fdinfo/1").then((bytes) => new TextDecoder().decode(bytes), () => "");
      const flags = /^flags:\s+([0-7]+)$/m.exec(info)?.[1];
      this.#blocks = flags === undefined ? undefined : (parseInt(flags, 8) & O_NONBLOCK) === 0;
    }
    return this.#blocks;
  }

  #pieceOf(bytes: Uint8Array): Uint8Array {
    this.#isTerminal ??= Deno.stdout.isTerminal();
    const lines = bytes.subarray(0, this.#isTerminal ? 0 : ATOMIC_BYTES).lastIndexOf(NEWLINE) + 1;
    if (lines > 0) return bytes.subarray(0, lines);
    const end = bytes.indexOf(NEWLINE);
    return end < 0 ? bytes : bytes.subarray(0, Math.max(1, end));
  }
}

/** Whether a piece that could not be written is in the buffer, which writing nothing empties. */
function isTaken(piece: Uint8Array, error: unknown): boolean {
  return error instanceof Deno.errors.WouldBlock && piece.length < BUFFER_BYTES && !piece.includes(NEWLINE);
}

/** See {@linkcode Stdout}. */
export const stdout: Writer & SyncWriter = new Stdout();
