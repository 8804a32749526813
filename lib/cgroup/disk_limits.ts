import { join } from "node:path";
import { type Disk, diskOfNumber, findDisk, wholeDisks } from "./disks.ts";
import { Errno, errnoOf, writeValue } from "./kernel_files.ts";
import type { DiskLimit, Limits } from "./limits.ts";

/**
 * Waits until the paths in limits can be looked at. Whoever resolves them does not wait: where a file system does not answer, as of a server
 * that is away, that would hold up everybody.
 */
export async function awaitDisks(limits: Limits): Promise<void> {
  const disks = Object.values(limits).flatMap((limit) => typeof limit === "object" ? Object.keys(limit) : []);
  for (const path of new Set(disks)) {
    // What is not there is told later.
    if (path.startsWith("/")) await Deno.stat(path).catch(() => {});
  }
}

/**
 * A limit's disks and values, `MAJOR:MINOR` first.
 *
 * @throws {Error} If there is no such disk, with a reason that can be shown.
 */
export function perDisk(limit: DiskLimit): ReadonlyMap<string, number> {
  if (typeof limit === "number") {
    const disks = wholeDisks();
    if (disks.length === 0) throw new Error("this host has no disk of its own");
    return new Map(disks.map(({ number }) => [number, limit]));
  }
  const values = new Map<string, number>();
  for (const [text, value] of Object.entries(limit)) {
    const { name, number } = findDisk(text);
    if (values.has(number)) throw new Error(`the disk "${name}" is named twice, the second time by "${text}"`);
    values.set(number, value);
  }
  return values;
}

/**
 * Writes a limit for each of its disks, as `MAJOR:MINOR SETTING`; what else a disk is limited in the kernel keeps.
 *
 * @throws {Error} If the kernel refuses it, or no disk is left to take it.
 */
export function writeDiskLimit(
  directory: string,
  file: string,
  limit: DiskLimit | undefined,
  settingOf: (value: number) => string,
): void {
  if (limit === undefined) return;
  let written = 0;
  for (const [disk, value] of perDisk(limit)) {
    try {
      writeValue(directory, file, `${disk} ${settingOf(value)}`);
      written++;
    } catch (error) {
      // Pulled out since it was listed, or without a queue of its own: nothing there can be limited.
      const errno = error instanceof Error ? errnoOf(error.cause) : null;
      const gone = errno === Errno.ENODEV || errno === Errno.ENXIO;
      if (!gone || typeof limit !== "number") throw error;
    }
  }
  if (written === 0) throw new Error(`Cannot limit the disks in "${join(directory, file)}": none takes it`);
}

/**
 * The limit that the kernel's values for disks amount to: one number if all whole disks of the host have the same and no
 * other has any, else those of each by name; null without any.
 *
 * @param values By `MAJOR:MINOR`.
 */
export function toDiskLimit(
  values: ReadonlyMap<string, number>,
  disks: readonly Disk[] = wholeDisks(),
): DiskLimit | null {
  const [first] = values.values();
  if (first === undefined) return null;
  if (values.size === disks.length && disks.every(({ number }) => values.get(number) === first)) return first;
  return Object.fromEntries([...values].map(([number, value]) => [diskOfNumber(number)?.name ?? number, value]));
}
