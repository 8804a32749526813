import { basename } from "node:path";

/**
 * Tells followers that their log has grown. One inotify watch on the flat folder of all logs serves every follower, and only while
 * there are followers: the events of a process are compared with all its watched paths, so that a watch each would cost the square.
 */
export class Wakeups implements Disposable {
  readonly #folder: string;
  readonly #followers = new Map<string, Set<() => void>>();
  #watcher: Deno.FsWatcher | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Milliseconds between looks that need no event, in case one was lost. */
  static readonly SAFETY_LOOK = 5_000;

  /** `folder` holds the logs, flat. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** How many followers there are. */
  get followers(): number {
    let count = 0;
    for (const wakes of this.#followers.values()) count += wakes.size;
    return count;
  }

  /**
   * Calls `wake` whenever the log of this file name may have grown or ended, until the returned function is called. What was written
   * before the call is not told: look at the file after subscribing.
   * @throws {Error} when the kernel gives no watch.
   */
  subscribe(log: string, wake: () => void): () => void {
    this.#watch();
    const wakes = this.#followers.get(log) ?? new Set();
    this.#followers.set(log, wakes.add(wake));
    return () => {
      wakes.delete(wake);
      if (wakes.size === 0 && this.#followers.get(log) === wakes) this.#followers.delete(log);
      if (this.#followers.size === 0) this[Symbol.dispose]();
    };
  }

  /** Wakes the followers of one log. */
  wake(log: string): void {
    for (const wake of this.#followers.get(log) ?? []) wake();
  }

  /** Ends the watch; a later follower starts it anew. */
  [Symbol.dispose](): void {
    this.#watcher?.close();
    this.#watcher = null;
    clearInterval(this.#timer);
  }

  #watch(): void {
    if (this.#watcher !== null) return;
    const watcher = Deno.watchFs(this.#folder, { recursive: false });
    this.#watcher = watcher;
    this.#timer = setInterval(() => this.#wakeAll(), Wakeups.SAFETY_LOOK);
    void this.#deliver(watcher);
  }

  async #deliver(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const event of watcher) {
        // An overflowed queue says only that something was missed.
        if (event.flag === "rescan") this.#wakeAll();
        else if (event.kind !== "access") { for (const path of event.paths) this.wake(basename(path)); }
      }
    } catch (error) {
      if (this.#watcher === watcher) throw error;
    }
  }

  #wakeAll(): void {
    for (const log of this.#followers.keys()) this.wake(log);
  }
}
