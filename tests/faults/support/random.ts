/** Numbers that a seed determines, so that what a run did can be done again (mulberry32). */
export class Random {
  #state: number;

  /** `seed` is a whole number; its lower 32 bits count. */
  constructor(readonly seed: number) {
    this.#state = seed | 0;
  }

  /** One for a purpose of its own, which does not depend on what else was asked for. */
  for(purpose: string): Random {
    let hash = this.seed | 0;
    for (const character of purpose) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
    return new Random(hash);
  }

  /** At least 0, below 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of them. */
  pick<T>(values: readonly T[]): T {
    const value = values[this.between(0, values.length - 1)];
    if (value === undefined) throw new RangeError("Cannot pick from nothing");
    return value;
  }

  /** So many of them, or all, each at most once. */
  sample<T>(values: readonly T[], count: number): T[] {
    const left = [...values];
    const picked: T[] = [];
    while (picked.length < count && left.length > 0) picked.push(...left.splice(this.between(0, left.length - 1), 1));
    return picked;
  }
}
