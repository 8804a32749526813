import { type SyncWriter, type Writer, writeSome, writeSomeSync } from "./write_all.ts";

const NEWLINE = 10;
const NOTHING = new Uint8Array();
/** What a pipe takes as a whole or not at all (pipe(7), PIPE_BUF); so does a Unix socket. */
const ATOMIC_BYTES = 4096;
/** What Rust's `LineWriter` holds back of a line. */
const BUFFER_BYTES = 1024;

/**
 * The process's stdout. `Deno.stdout` has a `LineWriter` of Rust in between, and fails with `WouldBlock` also after it has taken some bytes,
 * and does not tell how many: on a descriptor that is not to block, bytes would be lost or come twice. They are given to it in pieces of
 * which it is known whether they were taken. (A TCP socket that is not to block could still take a part of a piece.)
 *
 * - What has no line end, and is not less than its buffer, it writes as it is.
 * - What has none and is less it takes in any case, and then tries to write.
 * - What ends with a line end it tries to write first: if that takes all or nothing, and it fails, it has taken nothing.
 */
class Stdout implements Writer, SyncWriter {
  #isTerminal: boolean | undefined;

  /** Takes a piece of these bytes. */
  async write(bytes: Uint8Array): Promise<number> {
    const piece = this.#pieceOf(bytes);
    try {
      // A terminal takes any part of a piece: only one byte is all or nothing. So small ones are too slow on a thread of their own.
      return this.#isTerminal ? Deno.stdout.writeSync(piece) : await Deno.stdout.write(piece);
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
