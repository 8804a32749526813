import { join } from "node:path";

/** Lines of kernel files by the files' basenames. */
export type KernelFiles = Readonly<Record<string, readonly string[]>>;

/** Linux error numbers that mean something to this library (errno(3)). */
export const Errno = { ENXIO: 6, EBUSY: 16, ENODEV: 19 } as const;

/** The operating system's number of an error; null if it has none. Deno names only some of them otherwise. */
export function errnoOf(error: unknown): number | null {
  const match = error instanceof Error ? /\(os error (\d+)\)/.exec(error.message) : null;
  return match === null ? null : Number(match[1]);
}

/** Why something failed, in the operating system's words without the number: `read-only file system`. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const words = message.replace(/ \(os error \d+\).*$/s, "");
  return words === message ? message : words.charAt(0).toLowerCase() + words.slice(1);
}

/** The lines of a kernel file, without the empty ones; null if it is not there, or its group is gone while reading. */
export function readLines(path: string): string[] | null {
  try {
    return Deno.readTextFileSync(path).split("\n").filter((line) => line !== "");
  } catch {
    return null;
  }
}

/**
 * Writes one value to a kernel file.
 *
 * @throws {Error} If the kernel refuses; `cause` is the operating system's error.
 */
export function writeValue(directory: string, file: string, value: string): void {
  const path = join(directory, file);
  try {
    // Not created: in a cgroup tree that says "permission denied" where "no such file" is meant.
    Deno.writeTextFileSync(path, value, { create: false });
  } catch (error) {
    throw new Error(`Cannot write "${value}" to "${path}": ${reasonOf(error)}`, { cause: error });
  }
}

/** Writes a value as {@linkcode writeValue} does, but does nothing where the kernel refuses, or the group is gone. */
export function tryWrite(directory: string, file: string, value: string): void {
  try {
    writeValue(directory, file, value);
  } catch {
    // The caller looks at what became of it.
  }
}

/** Whether a group has a file. */
export function hasFile(directory: string, file: string): boolean {
  try {
    return Deno.lstatSync(join(directory, file)).isFile;
  } catch {
    return false;
  }
}

/** A number in decimal digits, at most the 20 of a 64-bit one; null for anything else: `max`, `-1`, garbage. */
export function parseNumber(text: string | undefined): number | null {
  return text === undefined || !/^\d{1,20}$/.test(text) ? null : Number(text);
}

/** The number that is a file's only content. */
export function parseSingle(lines: readonly string[] | null | undefined): number | null {
  return parseNumber(lines?.[0]?.trim());
}

/**
 * A limit that is a file's only content; null for none: `max` on v2, on v1 the largest multiple of the page size in a
 * signed 64-bit number (9223372036854771712 with pages of 4 KiB), for which anything from 2^62 on is taken.
 */
export function parseLimit(lines: readonly string[] | null): number | null {
  const value = parseSingle(lines);
  return value === null || value >= 2 ** 62 ? null : value;
}

/** A "flat keyed" file, `KEY VALUE` a line (cgroups(7)). Lines of any other shape are passed over. */
export function parseFlatKeyed(lines: readonly string[] | undefined): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of lines ?? []) {
    const [key, text, ...rest] = line.trim().split(/\s+/);
    const value = parseNumber(text);
    if (key !== undefined && value !== null && rest.length === 0) values.set(key, value);
  }
  return values;
}

/** A count in units of which `perSecond` make a second, as seconds. */
export function seconds(count: number | null | undefined, perSecond: number): number | null {
  return count === null || count === undefined ? null : count / perSecond;
}
