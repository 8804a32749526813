/**
 * Writes that wait where a descriptor is not to block. `O_NONBLOCK` belongs to the open file description (open(2)), so whoever shares our
 * stdout may switch it on at any time, and a full pipe or terminal is EAGAIN from then on. Deno cannot poll(2) a descriptor that it did not
 * open, and refuses to open /dev/fd/1 again, which would block, without --allow-all: what is left is to try again after growing pauses.
 * @module
 */

import { codeOf, reasonOf } from "./system_error.ts";

const FIRST_PAUSE_MS = 1;
const MAX_PAUSE_MS = 50;

/** A destination of bytes that takes as many as it can, such as `Deno.stderr`; of none when it fails with `WouldBlock`. */
export interface Writer {
  write(bytes: Uint8Array): Promise<number>;
}

/** A destination of bytes that takes as many as it can at once. */
export interface SyncWriter {
  writeSync(bytes: Uint8Array): number;
}

/**
 * Writes what is taken of these bytes once any are; returns how many.
 * @throws {Deno.errors.BrokenPipe} when nobody reads them any more.
 * @throws {Error} when they cannot be written for another reason, as a sentence.
 */
export async function writeSome(to: Writer, bytes: Uint8Array): Promise<number> {
  for (let pause = FIRST_PAUSE_MS;; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
    try {
      return await to.write(bytes);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw failureOf(error);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** The same, and lets nothing else happen meanwhile: for a program that ends right after. */
export function writeSomeSync(to: SyncWriter, bytes: Uint8Array): number {
  for (let pause = FIRST_PAUSE_MS;; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
    try {
      return to.writeSync(bytes);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw failureOf(error);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
    }
  }
}

/** Writes all bytes, in order. */
export async function writeAll(to: Writer, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await writeSome(to, bytes.subarray(written));
}

/** Writes a line, to which it adds the end; see {@linkcode writeSomeSync}. */
export function writeLineSync(to: SyncWriter, line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let written = 0; written < bytes.length;) written += writeSomeSync(to, bytes.subarray(written));
}

function failureOf(error: unknown): unknown {
  if (error instanceof Deno.errors.BrokenPipe || codeOf(error) === "") return error;
  return new Error(`Cannot write the output: ${reasonOf(error)}`, { cause: error });
}
