import { join } from "node:path";
import { type Capacity, readCapacity, whyTooMuch } from "./capacity.ts";
import { perDisk } from "./disk_limits.ts";
import { type Found, whyMissing } from "./found.ts";
import { type Cgroup, Group, type GroupDirectory } from "./group.ts";
import { reasonOf } from "./kernel_files.ts";
import { checkLimits, isDiskLimit, type Limit, LIMIT_NAMES, type Limits, limitsIn } from "./limits.ts";
import type { Mode } from "./locate.ts";
import { makeReport, type Report } from "./report.ts";

/** What this host's cgroups can do for jobs. */
export interface Cgroups {
  /** Which trees the host has. */
  readonly mode: Mode;
  /** The controllers that jobs can really be limited with, in the kernel's names. */
  readonly controllers: readonly string[];
  /** Why limits are not available at all, in a sentence; null if some are. */
  readonly reason: string | null;
  /**
   * Why these limits cannot be enforced on this host, a sentence each; empty when they can. More than the host has is no
   * limit and counts among them, as does a disk that it does not have.
   */
  unenforceable(limits: Limits): string[];
  /**
   * Creates a job's group in all trees and writes its limits; if that fails, what it made is gone again.
   * On a host that has no group for us, one without limits is a group without directories.
   *
   * @param name The job's UUID, in lower case.
   * @throws {TypeError} If the name is not a UUID.
   * @throws {RangeError} If a limit is not a number above zero, or names no disk.
   * @throws {Deno.errors.NotSupported} If a limit is unenforceable.
   * @throws {Error} If the kernel refuses.
   */
  create(name: string, limits: Limits): Cgroup;
  /**
   * The group of a job made earlier, also by another process, with those of its directories that are still there.
   *
   * @param name The job's UUID, in lower case.
   * @throws {TypeError} If the name is not a UUID.
   */
  open(name: string): Cgroup;
  /** The names of the jobs' groups that are there, sorted. */
  list(): string[];
  /** What there is for each limit, and what to do about what is not, as it is now. */
  report(): Report;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** {@linkcode Cgroups} on what was found. */
export class HostCgroups implements Cgroups {
  readonly mode: Mode;
  readonly controllers: readonly string[];
  readonly reason: string | null;
  readonly #found: Found;
  readonly #capacity: Capacity;

  /** @param capacity What the host has. */
  constructor(found: Found, capacity: Capacity = readCapacity()) {
    this.#found = found;
    this.#capacity = capacity;
    this.mode = found.mode;
    this.controllers = found.hierarchies.flatMap(({ controllers, files }) =>
      controllers
        .filter(({ enforces }) => Object.values(enforces).flat().some((file) => files.has(file)))
        .map(({ name }) => name)
    );
    this.reason = this.controllers.length > 0
      ? null
      : found.reason ?? "No controller of this host can be used for groups";
  }

  unenforceable(limits: Limits): string[] {
    return limitsIn(limits).flatMap((limit) => {
      const why = this.reason ?? whyMissing(this.#found, limit) ?? whyTooMuch(limit, limits, this.#capacity) ??
        whyNoDisk(limit, limits);
      return why === null ? [] : [`Cannot limit ${LIMIT_NAMES[limit]}: ${why}`];
    });
  }

  report(): Report {
    return makeReport(this.#found, this.reason);
  }

  create(name: string, limits: Limits): Cgroup {
    checkName(name);
    checkLimits(limits);
    const problems = this.unenforceable(limits);
    if (problems.length > 0) throw new Deno.errors.NotSupported(problems.join("; "));
    const parts = this.#parts(name);
    const made: string[] = [];
    try {
      for (const { path } of parts) {
        Deno.mkdirSync(path);
        made.push(path);
      }
      for (const { path, controllers } of parts) {
        for (const controller of controllers) controller.write(path, limits);
      }
    } catch (error) {
      for (const path of made) Deno.removeSync(path);
      throw new Error(`Cannot create cgroup "${name}": ${reasonOf(error)}`, { cause: error });
    }
    return new Group(name, parts);
  }

  open(name: string): Cgroup {
    checkName(name);
    return new Group(name, this.#parts(name).filter(({ path }) => isDirectory(path)));
  }

  list(): string[] {
    const names = this.#found.hierarchies.flatMap(({ root }) => directoriesIn(root)).filter((name) => UUID.test(name));
    return [...new Set(names)].sort();
  }

  /** Where a job's group is or would be. */
  #parts(name: string): GroupDirectory[] {
    return this.#found.hierarchies.map(({ root, controllers }) => ({ path: join(root, name), controllers }));
  }
}

/** Why the disks of a limit cannot be had; null if they can, or it has nothing to do with disks. */
function whyNoDisk(limit: Limit, limits: Limits): string | null {
  const asked = isDiskLimit(limit) ? limits[limit] : undefined;
  if (asked === undefined) return null;
  try {
    perDisk(asked);
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

/** The name becomes part of a path, so nothing but a UUID will do. */
function checkName(name: string): void {
  if (!UUID.test(name)) throw new TypeError(`Cannot use "${name}" as the name of a job's cgroup: not a UUID`);
}

function isDirectory(path: string): boolean {
  try {
    return Deno.lstatSync(path).isDirectory;
  } catch {
    return false;
  }
}

function directoriesIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].filter((entry) => entry.isDirectory).map(({ name }) => name);
  } catch {
    return [];
  }
}
