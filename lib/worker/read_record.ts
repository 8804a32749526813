import { basename } from "node:path";
import { z } from "zod";
import { FORMAT } from "./records.ts";

/** Most bytes of a record; the largest that we write, a request of 1 MiB with every character escaped, is far below. */
const MOST_BYTES = 16 * 2 ** 20;

const versionSchema = z.looseObject({ format: z.int() });

/** A record as it was read. */
export interface Recorded<T> {
  /** What it says. */
  readonly record: T;
  /** When it was written, by the clock of its time; ISO 8601. */
  readonly at: string;
}

/** A file of a job is not what a worker or a runner wrote. The message goes on after a colon: which one, and what it is. */
export class DamageError extends Error {
  override readonly name = "DamageError";
}

/**
 * Reads a record: a regular file, never what a symbolic link points at. Synchronous, for that is many times faster for files as small.
 * @returns null when the file is not there.
 * @throws {DamageError} when it is no record of ours, torn, or of a newer format.
 */
export function readRecord<T>(path: string, schema: z.ZodType<T>): Recorded<T> | null {
  const read = readText(path);
  return read === null ? null : { record: parse(read.record, schema, path), at: read.at };
}

/** Whether a record is there, but nothing in it: who was to write it was killed, or a power cut took what was written. */
export function isEmptied(path: string): boolean {
  try {
    const info = Deno.lstatSync(path);
    return info.isFile && info.size === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Reads a text as {@linkcode readRecord} does. */
export function readText(path: string): Recorded<string> | null {
  try {
    // Nobody else can change the folder between the look and the reading.
    const info = Deno.lstatSync(path);
    const odd = whyNoRecord(info);
    if (odd !== null) throw damage(path, odd);
    // Every file of Linux has a time.
    return { record: Deno.readTextFileSync(path), at: (info.mtime ?? new Date(0)).toISOString() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function damage(path: string, what: string): DamageError {
  return new DamageError(`its record "${basename(path)}" ${what}`);
}

/** Why this cannot be a file that we wrote; null when it can. Opening a FIFO would block for ever. */
function whyNoRecord(info: Deno.FileInfo): string | null {
  if (info.isSymlink) return "is a symbolic link";
  if (info.isDirectory) return "is a directory";
  if (!info.isFile) return "is not a regular file";
  return info.size > MOST_BYTES ? `is larger than ${MOST_BYTES} bytes` : null;
}

function parse<T>(text: string, schema: z.ZodType<T>, path: string): T {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw damage(path, text === "" ? "is empty" : "is torn");
  }
  const record = schema.safeParse(content);
  if (record.success) return record.data;
  const version = versionSchema.safeParse(content);
  if (version.success && version.data.format > FORMAT) {
    throw damage(path, `was written by a newer Teleworker (format ${version.data.format}, this one reads ${FORMAT})`);
  }
  const [issue] = record.error.issues;
  throw damage(path, `is not as it should be: ${issue?.path.join(".")}: ${issue?.message}`);
}
