import type { BigIntStats } from "node:fs";

/** The device number of /dev/null, 1 and 3, as stat(2) tells it (devices.txt of Linux). */
const NULL_DEVICE = 259n;

/** What stdout and stderr are. */
export interface Outputs {
  /** Whether they are one file, pipe or terminal. */
  readonly one: boolean;
  /** Whether stdout is a regular file, which never is not to block. */
  readonly stdoutIsFile: boolean;
}

/** Finds out what stdout and stderr are. */
export async function findOutputs(): Promise<Outputs> {
  const [stdout, stderr] = [await statOf(1), await statOf(2)];
  return {
    one: stdout !== null && stdout.dev === stderr?.dev && stdout.ino === stderr.ino,
    stdoutIsFile: stdout?.isFile() ?? false,
  };
}

/**
 * Tells whether stdin has, or may get, anything to read. Nobody types into /dev/null, which services get for their stdin, nor into an
 * empty file or a directory. It is not read, which could take for ever.
 */
export async function hasInput(): Promise<boolean> {
  if (Deno.stdin.isTerminal()) return false;
  const stat = await statOf(0);
  if (stat === null || stat.isDirectory()) return false;
  if (stat.isFile()) return stat.size > 0n;
  return !stat.isCharacterDevice() || stat.rdev !== NULL_DEVICE;
}

/** What a descriptor is of; null if it is closed. */
async function statOf(descriptor: number): Promise<BigIntStats | null> {
  // Only here, for it takes 5 ms to load. Deno.stat of /dev/stdin would need --allow-all.
  const { fstatSync } = await import("node:fs");
  try {
    return fstatSync(descriptor, { bigint: true });
  } catch {
    return null;
  }
}
