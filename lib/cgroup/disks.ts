import { basename, dirname, join } from "node:path";
import { readLines, reasonOf } from "./kernel_files.ts";

/** A block device that is no part of another, which is what the kernel limits. */
export interface Disk {
  /** As in `/dev`, such as `sda`. */
  readonly name: string;
  /** `MAJOR:MINOR`. */
  readonly number: string;
}

/** Devices that are memory or files in disguise: what reaches a real disk is limited there. */
const NOT_A_DISK = /^(loop|ram|zram)\d+$/;

const NUMBER = /^\d+:\d+$/;

/**
 * The whole disks of this host: `/sys/block` has no partitions.
 *
 * @param sys In place of `/sys`, for tests.
 */
export function wholeDisks(sys = "/sys"): Disk[] {
  return namesIn(join(sys, "block"))
    .filter((name) => !NOT_A_DISK.test(name))
    // The hidden paths of a multipath NVMe disk have no number.
    .flatMap((name) => diskAt(join(sys, "block", name)) ?? []);
}

/**
 * The whole disk that a user means by the name of a disk or a partition, its number, or a path on it.
 *
 * @param sys In place of `/sys`, for tests.
 * @throws {Error} If there is none, with a reason that can be shown.
 */
export function findDisk(text: string, sys = "/sys"): Disk {
  const number = NUMBER.test(text) ? text : text.startsWith("/") ? numberOfPath(text, sys) : numberOfName(text, sys);
  const disk = number === null ? null : diskOfNumber(number, sys);
  if (disk === null) throw new Error(`this host has no disk "${text}"`);
  return disk;
}

/** The whole disk with a device of this number; null if there is none. */
export function diskOfNumber(number: string, sys = "/sys"): Disk | null {
  try {
    const device = Deno.realPathSync(join(sys, "dev/block", number));
    // Only a partition has such a file; its folder is in that of its disk.
    return diskAt(readLines(join(device, "partition")) === null ? device : dirname(device));
  } catch {
    return null;
  }
}

/** Compared with what is there and never made part of a path: `..` is the name of no device. */
function numberOfName(name: string, sys: string): string | null {
  const folder = join(sys, "class/block");
  const found = namesIn(folder).find((entry) => deviceName(entry) === name);
  return found === undefined ? null : readLines(join(folder, found, "dev"))?.[0] ?? null;
}

function numberOfPath(path: string, sys: string): string | null {
  let device: number;
  try {
    const { dev, rdev, isBlockDevice } = Deno.statSync(path);
    device = isBlockDevice ? rdev ?? 0 : dev;
  } catch (error) {
    // A container may have a disk's limits without its node.
    if (path.startsWith("/dev/")) return numberOfName(path.slice("/dev/".length), sys);
    throw new Error(`"${path}" cannot be found: ${reasonOf(error)}`);
  }
  const { major, minor } = splitDevice(device);
  // Network and memory file systems, and those that span disks (btrfs, ZFS, overlay), have numbers of their own.
  if (major === 0) throw new Error(`"${path}" is on no single disk`);
  return `${major}:${minor}`;
}

/** The numbers in a `dev_t`, as makedev(3) of glibc packs them; the kernel's own have 12 and 20 bits. */
export function splitDevice(device: number): { major: number; minor: number } {
  return { major: (device >>> 8) & 0xfff, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) };
}

function diskAt(directory: string): Disk | null {
  const number = readLines(join(directory, "dev"))?.[0] ?? "";
  return NUMBER.test(number) ? { name: deviceName(basename(directory)), number } : null;
}

/** sysfs has `cciss!c0d0` for `/dev/cciss/c0d0`. */
function deviceName(entry: string): string {
  return entry.replaceAll("!", "/");
}

function namesIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
}
