/** What is under way of a name, and what waits, the first first. */
interface Things {
  busy: number;
  late: number;
  readonly waiting: Set<() => void>;
  /** What is late and could not give up its place so far. */
  readonly overdue: Set<() => void>;
}

/** What takes longer than so many milliseconds is late, and so many of a name may be that beside the others. */
export interface Lateness {
  readonly after: number;
  readonly most: number;
}

/**
 * Lets each name do only so many things at once; the others wait, in the order in which they came. What is late gives up its place and
 * goes on, where that is wanted: what hangs must not keep its name from doing anything more, as long as little does.
 */
export class FewAtOnce {
  readonly #names = new Map<string, Things>();

  /** `most` of each name, without those that are late. */
  constructor(readonly most: number, readonly lateness?: Lateness) {}

  /**
   * Does it when there is room for one more of the name.
   * @throws the reason of `signal`, when nobody wants it any more before it has begun.
   */
  async run<T>(name: string, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const things = this.#names.get(name) ?? { busy: 0, late: 0, waiting: new Set(), overdue: new Set() };
    this.#names.set(name, things);
    if (things.busy < this.most) things.busy++;
    else await this.#wait(things, signal);
    let late = false;
    const giveUp = () => {
      if (things.late >= (this.lateness?.most ?? 0)) return void things.overdue.add(giveUp);
      things.overdue.delete(giveUp);
      late = true;
      things.late++;
      this.#leave(things);
    };
    const timer = this.lateness === undefined ? undefined : setTimeout(giveUp, this.lateness.after);
    try {
      return await call();
    } finally {
      clearTimeout(timer);
      things.overdue.delete(giveUp);
      if (late) this.#leaveLate(things);
      else this.#leave(things);
      if (things.busy + things.late === 0) this.#names.delete(name);
    }
  }

  async #wait({ waiting }: Things, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // It may hold a body of a mebibyte, and where starts hang its turn never comes: who asks and goes again and again would fill the memory.
    const forget = () => {
      waiting.delete(resolve);
      reject(signal?.reason);
    };
    waiting.add(resolve);
    signal?.addEventListener("abort", forget);
    await promise.finally(() => signal?.removeEventListener("abort", forget));
  }

  #leaveLate(things: Things): void {
    things.late--;
    const [giveUp] = things.overdue;
    giveUp?.();
  }

  #leave(things: Things): void {
    // Its place goes to the next one that waits.
    const [next] = things.waiting;
    if (next === undefined) things.busy--;
    else {
      things.waiting.delete(next);
      next();
    }
  }
}
