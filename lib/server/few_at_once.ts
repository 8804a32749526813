/** What is under way of a name, and what waits, the first first. */
interface Things {
  busy: number;
  readonly waiting: (() => void)[];
}

/**
 * Lets each name do only so many things at once; the others wait, in the order in which they came. What takes long gives up its place
 * and goes on, where that is wanted: what hangs must not keep its name from doing anything more.
 */
export class FewAtOnce {
  readonly #names = new Map<string, Things>();

  /** `most` of each name, each counted for `patience` milliseconds, or until it has ended. */
  constructor(readonly most: number, readonly patience?: number) {}

  /** Does it when there is room for one more of the name. */
  async run<T>(name: string, call: () => Promise<T>): Promise<T> {
    const things = this.#names.get(name) ?? { busy: 0, waiting: [] };
    this.#names.set(name, things);
    if (things.busy < this.most) things.busy++;
    else await new Promise<void>((resolve) => things.waiting.push(resolve));
    let late = false;
    const giveUp = () => {
      late = true;
      this.#leave(name, things);
    };
    const timer = this.patience === undefined ? undefined : setTimeout(giveUp, this.patience);
    try {
      return await call();
    } finally {
      clearTimeout(timer);
      if (!late) this.#leave(name, things);
    }
  }

  #leave(name: string, things: Things): void {
    // Its place goes to the next one that waits.
    const next = things.waiting.shift();
    if (next !== undefined) next();
    else if (--things.busy === 0) this.#names.delete(name);
  }
}
