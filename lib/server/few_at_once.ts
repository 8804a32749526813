/** Lets each name do only so many things at once; the others wait, in the order in which they came. */
export class FewAtOnce {
  /** By name: how many are under way, and those that wait, the first first. */
  readonly #names = new Map<string, { busy: number; readonly waiting: (() => void)[] }>();

  /** `most` of each name. */
  constructor(readonly most: number) {}

  /** Does it when there is room for one more of the name. */
  async run<T>(name: string, call: () => Promise<T>): Promise<T> {
    const one = this.#names.get(name) ?? { busy: 0, waiting: [] };
    this.#names.set(name, one);
    if (one.busy < this.most) one.busy++;
    else await new Promise<void>((resolve) => one.waiting.push(resolve));
    try {
      return await call();
    } finally {
      // Its place goes to the next one that waits.
      const next = one.waiting.shift();
      if (next !== undefined) next();
      else if (--one.busy === 0) this.#names.delete(name);
    }
  }
}
