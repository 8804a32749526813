import { join } from "node:path";
import { wholeDisks } from "./disks.ts";
import { type Cgroup, Group, type GroupDirectory } from "./group.ts";
import type { Hierarchy } from "./hierarchy.ts";
import { reasonOf } from "./kernel_files.ts";
import { checkLimits, type Limit, LIMIT_NAMES, type Limits, limitsIn } from "./limits.ts";
import type { Mode } from "./locate.ts";
import { V1_CONTROLLERS } from "./v1/controllers.ts";
import { V2_CONTROLLERS } from "./v2/controllers.ts";

/** What this host's cgroups can do for jobs. */
export interface Cgroups {
  /** Which trees the host has. */
  readonly mode: Mode;
  /** The controllers that jobs can really be limited with, in the kernel's names. */
  readonly controllers: readonly string[];
  /** Why limits are not available at all, in a sentence; null if some are. */
  readonly reason: string | null;
  /** Why these limits cannot be enforced on this host, a sentence each; empty when they can. */
  unenforceable(limits: Limits): string[];
  /**
   * Creates a job's group in all trees and writes its limits; if that fails, what it made is gone again.
   * On a host that has no group for us, one without limits is a group without directories.
   *
   * @param name The job's UUID, in lower case.
   * @throws {TypeError} If the name is not a UUID.
   * @throws {RangeError} If a limit is not a number above zero.
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
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** {@linkcode Cgroups} on the trees that were found. */
export class HostCgroups implements Cgroups {
  readonly mode: Mode;
  readonly controllers: readonly string[];
  readonly reason: string | null;
  readonly #hierarchies: readonly Hierarchy[];

  /** @param reason Why a tree is missing, if one is. */
  constructor(mode: Mode, hierarchies: readonly Hierarchy[], reason: string | null) {
    this.mode = mode;
    this.#hierarchies = hierarchies;
    this.controllers = hierarchies.flatMap(({ controllers, files }) =>
      controllers
        .filter(({ enforces }) => Object.values(enforces).flat().some((file) => files.has(file)))
        .map(({ name }) => name)
    );
    this.reason = this.controllers.length > 0 ? null : reason ?? "No controller of this host can be used for groups";
  }

  unenforceable(limits: Limits): string[] {
    return limitsIn(limits).flatMap((limit) => {
      const why = this.reason ?? this.#whyNot(limit);
      return why === null ? [] : [`Cannot limit ${LIMIT_NAMES[limit]}: ${why}`];
    });
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
    const names = this.#hierarchies.flatMap(({ root }) => directoriesIn(root)).filter((name) => UUID.test(name));
    return [...new Set(names)].sort();
  }

  /** Where a job's group is or would be. */
  #parts(name: string): GroupDirectory[] {
    return this.#hierarchies.map(({ root, controllers }) => ({ path: join(root, name), controllers }));
  }

  #whyNot(limit: Limit): string | null {
    const candidates = this.mode === "v2" ? V2_CONTROLLERS : V1_CONTROLLERS;
    const controller = candidates.find(({ enforces }) => enforces[limit] !== undefined);
    const files = controller?.enforces[limit] ?? [];
    if (!this.#hierarchies.some((hierarchy) => files.some((file) => hierarchy.files.has(file)))) {
      return `this host has no ${controller?.name} controller with ${files.map((file) => `"${file}"`).join(" or ")}`;
    }
    return PER_DISK.has(limit) && wholeDisks().length === 0 ? "this host has no disk of its own" : null;
  }
}

const PER_DISK: ReadonlySet<Limit> = new Set([
  "readBytesPerSecond",
  "writeBytesPerSecond",
  "readOperationsPerSecond",
  "writeOperationsPerSecond",
]);

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
