import { basename, join } from "node:path";
import { type Controller, known } from "./controller.ts";
import { Errno, errnoOf, hasFile, readLines, reasonOf } from "./kernel_files.ts";
import type { Limits } from "./limits.ts";
import { parseUsage } from "./parse_usage.ts";
import { freeze } from "./freezer.ts";
import { isEmpty, killAll, processesIn } from "./processes.ts";
import { signalAll } from "./signal.ts";
import { subgroups } from "./subgroups.ts";
import type { Usage } from "./usage.ts";
import { until } from "./wait.ts";

/** How long to wait for killed processes to end and for empty groups to be removable, in milliseconds. */
const PATIENCE = 10_000;

/** The group of one job: a directory in each tree that has controllers for it. */
export interface Cgroup {
  /** The job's UUID. */
  readonly name: string;
  /**
   * Its directories; a process enters by writing `0` to `cgroup.procs` in each. Empty on a host that has none for us.
   */
  readonly directories: readonly string[];
  /** Absolute paths of the files to keep at the end for {@linkcode parseUsage}; no two have the same basename. */
  readonly usageFiles: readonly string[];
  /** Its limits as the kernel holds them; a weight that is the kernel's default is absent like one never set. */
  limits(): Limits;
  /** What the job used up to now. */
  usage(): Usage;
  /** Process IDs of those in it, and in groups that they made below it, in ascending order. */
  processes(): number[];
  /**
   * Sends a signal once to every process in it, and to none that is forked later. It is frozen meanwhile, for 100 milliseconds at most,
   * where the kernel can do that.
   *
   * @returns The IDs of those that this process may not signal.
   */
  signal(signal: Deno.Signal): Promise<number[]>;
  /** Thaws it, as it must be when a process ended while it had it frozen for a signal. Groups below it stay as they are. */
  thaw(): void;
  /**
   * Kills every process in it with SIGKILL, stopped and frozen ones too, and resolves when it is empty.
   *
   * @throws {Error} If some are left after 10 seconds, like those that wait for a dead disk.
   */
  kill(): Promise<void>;
  /**
   * Removes all its directories. Those already gone are fine.
   *
   * @throws {Error} If one cannot be removed, like one that has had processes for 10 seconds.
   */
  remove(): Promise<void>;
}

/** One of a group's directories and the controllers at work there. */
export interface GroupDirectory {
  readonly path: string;
  readonly controllers: readonly Controller[];
}

/** {@linkcode Cgroup} on directories that exist. */
export class Group implements Cgroup {
  readonly name: string;
  readonly directories: readonly string[];
  readonly usageFiles: readonly string[];
  readonly #parts: readonly GroupDirectory[];
  /** The last of the signals on their way: one that came while another has it frozen would take that for someone else's doing. */
  #signalling: Promise<unknown> = Promise.resolve();

  constructor(name: string, parts: readonly GroupDirectory[]) {
    this.name = name;
    this.#parts = parts;
    this.directories = parts.map(({ path }) => path);
    this.usageFiles = this.#files(({ usageFiles }) => usageFiles);
  }

  limits(): Limits {
    const limits: Limits = {};
    for (const { path, controllers } of this.#parts) {
      for (const controller of controllers) Object.assign(limits, known(controller.read(path)));
    }
    return limits;
  }

  usage(): Usage {
    const paths = [...this.usageFiles, ...this.#files(({ liveFiles }) => liveFiles.map((file) => [file]))];
    const files: Record<string, readonly string[]> = {};
    for (const path of paths) {
      const lines = readLines(path);
      if (lines !== null) files[basename(path)] = lines;
    }
    return parseUsage(files);
  }

  processes(): number[] {
    return processesIn(this.directories);
  }

  async signal(signal: Deno.Signal): Promise<number[]> {
    const sent = this.#signalling.then(() => signalAll(this.directories, signal));
    this.#signalling = sent.catch(() => {});
    return await sent;
  }

  thaw(): void {
    for (const directory of this.directories) freeze(directory, false);
  }

  async kill(): Promise<void> {
    const empty = await until(() => {
      if (isEmpty(this.directories)) return true;
      killAll(this.directories);
      return false;
    }, PATIENCE);
    if (!empty) {
      throw new Error(`Cannot kill the processes of cgroup "${this.name}": ${this.processes().length} are left`);
    }
  }

  async remove(): Promise<void> {
    let failure: unknown;
    const removed = await until(() => {
      failure = firstFailure(this.directories.flatMap(subgroups));
      // The last process of a group lets go of it a moment after it is gone from the list.
      if (failure !== undefined && errnoOf(failure) !== Errno.EBUSY) throw cannotRemove(this.name, failure);
      return failure === undefined;
    }, PATIENCE);
    if (!removed) throw cannotRemove(this.name, failure);
  }

  /** Of each row of each controller, the path of the first file that exists. */
  #files(rows: (controller: Controller) => readonly (readonly string[])[]): string[] {
    return this.#parts.flatMap(({ path, controllers }) =>
      controllers.flatMap(rows).flatMap((row) => {
        const file = row.find((file) => hasFile(path, file));
        return file === undefined ? [] : [join(path, file)];
      })
    );
  }
}

/** Removes directories in order; what went wrong first, if anything. */
function firstFailure(directories: readonly string[]): unknown {
  const failures: unknown[] = [];
  for (const directory of directories) {
    try {
      Deno.removeSync(directory);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) failures.push(error);
    }
  }
  return failures[0];
}

function cannotRemove(name: string, error: unknown): Error {
  return new Error(`Cannot remove cgroup "${name}": ${reasonOf(error)}`, { cause: error });
}
