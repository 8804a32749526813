import type { KernelFiles } from "./kernel_files.ts";
import type { Limit, Limits } from "./limits.ts";
import type { Usage } from "./usage.ts";

/** {@linkcode Limits} that the kernel was asked for; null is unlimited. */
export type HeldLimits = { readonly [Name in Limit]?: Required<Limits>[Name] | null };

/** One controller of the kernel: which files limit a job, and which tell what it used. */
export interface Controller {
  /** As the kernel calls it, in `/proc/cgroups` or `cgroup.controllers`. */
  readonly name: string;
  /** The limits it enforces, each with the files of which a group must have one (the kernel's configuration decides). */
  readonly enforces: Readonly<Partial<Record<Limit, readonly string[]>>>;
  /** Files that tell at the end what a job used; of each row the first that a group has. */
  readonly usageFiles: readonly (readonly string[])[];
  /** Files that mean something only as long as the job lives. */
  readonly liveFiles: readonly string[];
  /** Makes the kernel count from now on what it counts only once asked; any group will do to ask. */
  activate?(directory: string): void;
  /** Writes those of the limits that are its own into a group's directory. */
  write(directory: string, limits: Limits): void;
  /** The limits that a group's directory holds; null is unlimited. */
  read(directory: string): HeldLimits;
  /** What it finds in the lines of usage and live files. */
  usage(files: KernelFiles): Partial<Usage>;
}

/** The entries of a record whose values are known. */
export function known<T>(values: Readonly<Record<string, T | null>>): Record<string, T> {
  const result: Record<string, T> = {};
  for (const [key, value] of Object.entries(values)) if (value !== null) result[key] = value;
  return result;
}
