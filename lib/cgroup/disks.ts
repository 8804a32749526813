import { join } from "node:path";
import { Errno, errnoOf, readLines, writeValue } from "./kernel_files.ts";

/** Devices that are memory or files in disguise: what reaches a real disk is limited there. */
const NOT_A_DISK = /^(loop|ram|zram)\d+$/;

/**
 * `MAJOR:MINOR` of the whole disks of this host: `/sys/block` has no partitions.
 *
 * @param directory In place of `/sys/block`, for tests.
 */
export function wholeDisks(directory = "/sys/block"): string[] {
  try {
    return [...Deno.readDirSync(directory)]
      .filter(({ name }) => !NOT_A_DISK.test(name))
      // The hidden paths of a multipath NVMe disk have no number.
      .flatMap(({ name }) => readLines(join(directory, name, "dev"))?.slice(0, 1) ?? [])
      .filter((number) => /^\d+:\d+$/.test(number));
  } catch {
    return [];
  }
}

/**
 * Writes one setting for each disk, as `MAJOR:MINOR SETTING`.
 *
 * @throws {Error} If the kernel refuses it, or no disk is left to take it.
 */
export function writeForDisks(directory: string, file: string, setting: string, disks = wholeDisks()): void {
  let written = 0;
  for (const disk of disks) {
    try {
      writeValue(directory, file, `${disk} ${setting}`);
      written++;
    } catch (error) {
      // Pulled out since it was listed, or without a queue of its own: nothing there can be limited.
      const errno = error instanceof Error ? errnoOf(error.cause) : null;
      if (errno !== Errno.ENODEV && errno !== Errno.ENXIO) throw error;
    }
  }
  if (written === 0) throw new Error(`Cannot write "${setting}" to "${join(directory, file)}": no disk takes it`);
}
