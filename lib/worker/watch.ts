import { basename, join } from "node:path";
import { removeAllIfThere } from "../base/files.ts";
import { look } from "./adopt.ts";
import { setAside } from "./damaged.ts";
import { type Host, noteEnd } from "./host.ts";
import { noteGaps } from "./gaps.ts";
import { removeOld } from "./keep.ts";
import { logger } from "./logger.ts";
import { DamageError } from "./read_record.ts";
import type { Entry } from "./registry.ts";

/** Milliseconds between looks at every running job: for a runner that was killed and so will not ring. */
const LOOK = 1_000;
/** Milliseconds between looks for what has been kept long enough. */
const CLEAN_UP = 60_000;

/** Watches for the ends of jobs until disposed. */
export class Watch implements AsyncDisposable {
  readonly #host: Host;
  readonly #watcher: Deno.FsWatcher;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #delivering: Promise<void>;
  #looking: Promise<void> = Promise.resolve();
  #idle = true;
  #cleaning: Promise<void> = Promise.resolve();
  #cleanNext = 0;
  /** Jobs of which it was said that something is wrong, not to be said again every second. */
  readonly #reported = new WeakSet<Entry>();
  /** Not waited for by other ends: a group may stay busy for seconds. */
  readonly #removals = new Set<Promise<void>>();

  /** Begins to watch; doorbells rung before are answered by the first look. */
  constructor(host: Host) {
    this.#host = host;
    this.#watcher = Deno.watchFs(host.state.ended, { recursive: false });
    this.#delivering = this.#deliver();
    this.#timer = setInterval(() => this.#look(), LOOK);
    this.#look();
  }

  /** Ends the watch, when what it was doing is done. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#watcher.close();
    await this.#delivering;
    await this.#looking;
    await this.#cleaning;
    await Promise.all(this.#removals);
  }

  async #deliver(): Promise<void> {
    for await (const event of this.#watcher) {
      if (event.flag === "rescan") this.#look();
      if (event.kind !== "create") continue;
      for (const path of event.paths) await this.#answer(basename(path));
    }
  }

  async #answer(id: string): Promise<void> {
    try {
      const entry = this.#host.registry.get(id);
      if (entry !== undefined) this.#end(entry);
      await removeAllIfThere(join(this.#host.state.ended, id));
    } catch (error) {
      this.#report(error, id);
    }
  }

  /** Reports what goes wrong with a job; one that is damaged is set aside, so that this is said once. */
  #report(error: unknown, id: string): void {
    const entry = this.#host.registry.get(id);
    if (error instanceof DamageError && entry !== undefined) {
      setAside(this.#host, { id, spec: entry.spec }, error);
      return;
    }
    if (entry !== undefined && this.#reported.has(entry)) return;
    if (entry !== undefined) this.#reported.add(entry);
    logger.error("Cannot look after job {id}: {error}", { id, error });
  }

  /**
   * Takes note of what the bell was rung for: a gap, or the end. Then it removes the cgroup if the runner could not: it may hold groups
   * that the job made below it.
   */
  #end(entry: Entry): void {
    noteEnd(this.#host, entry);
    if (entry.ended === null) return noteGaps(this.#host, entry);
    const { cgroup } = entry;
    if (cgroup === null) return;
    entry.cgroup = null;
    const removal: Promise<void> = cgroup.remove()
      .catch((error) => logger.warn("Cannot remove the cgroup of job {id}: {error}", { id: cgroup.name, error }))
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  #look(): void {
    // Not waited for by looks: thousands of old jobs take seconds.
    if (performance.now() >= this.#cleanNext) this.#cleaning = this.#cleanUp();
    if (!this.#idle) return;
    this.#idle = false;
    this.#looking = this.#lookAtAll().catch((error) => logger.error("Cannot look at the jobs: {error}", { error }))
      .finally(() => this.#idle = true);
  }

  async #lookAtAll(): Promise<void> {
    for await (const { name } of Deno.readDir(this.#host.state.ended)) await this.#answer(name);
    for (const entry of [...this.#host.registry.values()]) {
      try {
        // Not waited for: a start that hangs, as on a dead network disk, must not hold up the others.
        if (entry.launching !== null) continue;
        // What came to nothing says why; only what has no end is to be looked after.
        if (entry.ended !== null || this.#host.registry.get(entry.spec.id) !== entry) continue;
        await look(this.#host, entry);
        this.#reported.delete(entry);
      } catch (error) {
        this.#report(error, entry.spec.id);
      }
    }
  }

  async #cleanUp(): Promise<void> {
    this.#cleanNext = Infinity;
    try {
      await removeOld(this.#host);
    } catch (error) {
      if (!this.#host.closing.aborted) logger.error("Cannot remove old jobs: {error}", { error });
    }
    this.#cleanNext = performance.now() + CLEAN_UP;
  }
}
