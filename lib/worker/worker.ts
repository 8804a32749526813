import { type Cgroups, detectCgroups } from "../cgroup/mod.ts";
import { Wakeups } from "../output/mod.ts";
import { adopt } from "./adopt.ts";
import { removeDamaged } from "./damaged.ts";
import { damagedError, unknownError, WorkerError } from "./errors.ts";
import type { Action, Host } from "./host.ts";
import { describe, type Job } from "./job.ts";
import { DEFAULT_KEEP, type Keep } from "./keep.ts";
import { unsettable } from "./hard_limits.ts";
import { effectiveLimits, type HostLimits } from "./limits.ts";
import { list, type ListOptions, type Page } from "./list.ts";
import { type Output, output, type OutputOptions } from "./output.ts";
import { readBootId } from "./process.ts";
import { type Entry, Registry } from "./registry.ts";
import { remove } from "./remove.ts";
import { keepDescriptorsFromJobs } from "./inherited_descriptors.ts";
import { inheritedOpenFiles } from "./inherited_open_files.ts";
import { keepIgnoredSignalsFromJobs } from "./inherited_signals.ts";
import { installScripts } from "./runner.ts";
import { start, type StartRequest } from "./start.ts";
import { lockStateFolder, openStateFolder, type Stream } from "./state_folder.ts";
import { endOf, stop, type StopOptions } from "./stop.ts";
import { Turns } from "./turns.ts";
import { Watch } from "./watch.ts";

/** Bytes kept of a stream unless an operator says otherwise: 1 GiB. */
export const DEFAULT_OUTPUT_MAX = 2 ** 30;

/** How to open a worker. */
export interface WorkerOptions {
  /** Absolute path of the folder that holds everything; one worker at a time. */
  readonly stateFolder: string;
  /** Name of the cgroup below which jobs get theirs; one worker at a time. */
  readonly cgroupRoot: string;
  /** How many jobs may run at once. */
  readonly maxJobs: number;
  /** How many of them may be one owner's; all by default. */
  readonly maxJobsPerOwner?: number | undefined;
  /** Most bytes kept of a stream, and of what its user asks for; {@linkcode DEFAULT_OUTPUT_MAX} by default. */
  readonly outputMaxBytes?: number | undefined;
  /** How much of what has ended is kept; {@linkcode DEFAULT_KEEP} for what is absent. */
  readonly keep?: { readonly [Part in keyof Keep]?: number | undefined } | undefined;
  /** Limits of a job whose user asks for none. */
  readonly defaultLimits?: HostLimits | undefined;
  /** Limits that no job may have more of. */
  readonly maxLimits?: HostLimits | undefined;
  /** Is told what the worker does to jobs though nobody asks for it now; must not throw. */
  readonly onAction?: ((action: Action) => void) | undefined;
}

/**
 * Runs jobs on this host. Usable without any server. Closing it leaves its jobs running; the next worker on the same folder
 * adopts them.
 */
export class Worker implements AsyncDisposable {
  /** Resolves when the jobs of the folder are known. @throws {Error} why they cannot be. */
  readonly adopted: Promise<void>;
  readonly #host: Host;
  readonly #locks: DisposableStack;
  readonly #closing: AbortController;
  /** To describe a job can take milliseconds, and thousands may wait for its end. */
  readonly #turns = new Turns();
  #watch: Watch | undefined;
  #disposed = false;

  private constructor(host: Host, locks: DisposableStack, closing: AbortController) {
    this.#host = host;
    this.#locks = locks;
    this.#closing = closing;
    this.adopted = this.#adopt();
    // Whoever does not wait for it learns of a failure from whoever does.
    this.adopted.catch(() => {});
  }

  /**
   * Opens the worker of a state folder and adopts the jobs found there.
   * @throws {Error} when another worker has the folder or the cgroup.
   */
  static async open(options: WorkerOptions): Promise<Worker> {
    const worker = await Worker.begin(options);
    try {
      await worker.adopted;
      return worker;
    } catch (error) {
      await worker[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * As {@linkcode Worker.open}, but returns before the jobs are adopted, which takes a second for some thousands. Until
   * {@linkcode Worker.adopted} resolves only {@linkcode Worker.cgroups} may be used.
   * @throws {Error} when another worker has the folder or the cgroup, or when this host cannot enforce the default and maximum limits.
   */
  static async begin(options: WorkerOptions): Promise<Worker> {
    const state = openStateFolder(options.stateFolder);
    using locks = new DisposableStack();
    locks.use(await lockStateFolder(state));
    const cgroups = detectCgroups({ name: options.cgroupRoot });
    // Whoever starts clears away the groups of jobs that it does not know, with what runs in them.
    const group = cgroups.report().trees[0]?.directory;
    if (group !== undefined && !await locks.use(await Deno.open(group)).tryLock(true)) {
      throw new Error(`Cannot use the cgroup "${group}": another daemon does; name another one with --cgroup-root`);
    }
    requireLimits(cgroups, options);
    const closing = new AbortController();
    const host: Host = {
      state,
      cgroups,
      registry: new Registry(),
      wakeups: new Wakeups(state.output),
      bootId: readBootId(),
      maxJobs: options.maxJobs,
      maxJobsPerOwner: options.maxJobsPerOwner ?? options.maxJobs,
      outputMaxBytes: options.outputMaxBytes ?? DEFAULT_OUTPUT_MAX,
      keep: {
        seconds: options.keep?.seconds ?? DEFAULT_KEEP.seconds,
        jobs: options.keep?.jobs ?? DEFAULT_KEEP.jobs,
        bytes: options.keep?.bytes ?? DEFAULT_KEEP.bytes,
      },
      defaultLimits: options.defaultLimits ?? {},
      maxLimits: options.maxLimits ?? {},
      onAction: options.onAction ?? (() => {}),
      openFiles: inheritedOpenFiles(),
      stopping: new Set(),
      closing: closing.signal,
    };
    keepDescriptorsFromJobs();
    keepIgnoredSignalsFromJobs();
    await installScripts(state);
    return new Worker(host, locks.move(), closing);
  }

  /** How jobs are limited here: the cgroup mode, its controllers, and why there are none. */
  get cgroups(): { mode: string; controllers: readonly string[]; reason: string | null } {
    const { mode, controllers, reason } = this.#host.cgroups;
    return { mode, controllers, reason };
  }

  /** See {@linkcode start}. */
  async start(request: StartRequest): Promise<Job> {
    return await start(this.#host, request);
  }

  /** Whose job this is; null when that is not known because it is damaged, undefined when there is none. */
  owner(id: string): string | null | undefined {
    const { registry } = this.#host;
    const damaged = registry.damaged(id);
    return damaged === undefined ? registry.get(id)?.spec.owner : damaged.spec?.owner ?? null;
  }

  /** The job as it is now. */
  status(id: string): Job {
    return describe(this.#find(id));
  }

  /** See {@linkcode list}. */
  async list(options: ListOptions): Promise<Page> {
    return await list(this.#host, options);
  }

  /** Waits for a job's end, or until `signal` says that nobody wants to know any more. */
  async wait(id: string, signal?: AbortSignal): Promise<Job> {
    const entry = this.#find(id);
    await endOf(this.#host, entry, { signal });
    await this.#turns.next();
    return describe(entry);
  }

  /** See {@linkcode stop}; the job as it is then. */
  async stop(id: string, options?: StopOptions): Promise<Job> {
    const entry = this.#find(id);
    await stop(this.#host, entry, options);
    await this.#turns.next();
    return describe(entry);
  }

  /** See {@linkcode remove}; removes a damaged job as well. */
  async remove(id: string): Promise<void> {
    const damaged = this.#host.registry.damaged(id);
    if (damaged !== undefined) await removeDamaged(this.#host, damaged);
    else await remove(this.#host, this.#find(id));
  }

  /** See {@linkcode output}. */
  async output(id: string, stream: Stream, options?: OutputOptions): Promise<Output> {
    return await output(this.#host, this.#find(id), stream, options);
  }

  /**
   * Ends every wait and every follower, and lets nothing more be started; jobs go on. The folder stays ours: starts that are under way
   * are not to meet the next worker.
   */
  close(): void {
    this.#closing.abort(new WorkerError("closing", "The daemon is ending"));
  }

  /** Closes, and gives the folder back. A second call does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.close();
    await this.adopted.catch(() => {});
    await this.#watch?.[Symbol.asyncDispose]();
    await Promise.allSettled(this.#host.stopping);
    this.#host.wakeups[Symbol.dispose]();
    this.#locks.dispose();
  }

  async #adopt(): Promise<void> {
    await adopt(this.#host);
    this.#host.closing.throwIfAborted();
    this.#watch = new Watch(this.#host);
  }

  #find(id: string): Entry {
    const damaged = this.#host.registry.damaged(id);
    if (damaged !== undefined) throw damagedError(damaged);
    const entry = this.#host.registry.get(id);
    if (entry === undefined) throw unknownError(id);
    return entry;
  }
}

/** Every job would be refused for limits that its user did not ask for. */
function requireLimits(cgroups: Cgroups, { defaultLimits = {}, maxLimits = {} }: WorkerOptions): void {
  const limits = effectiveLimits({}, defaultLimits, maxLimits);
  const reasons = [...cgroups.unenforceable(limits), ...unsettable(limits)];
  if (reasons.length > 0) {
    throw new Error(`Cannot give jobs the default and maximum limits on this host: ${reasons.join("; ")}`);
  }
}
