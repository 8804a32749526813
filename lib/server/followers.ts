import { ProblemError } from "./problem.ts";

/** Counts those who follow a job, and refuses more than there may be. Half of the places are the most that one caller can have. */
export class Followers {
  readonly #byName = new Map<string, number>();
  #count = 0;

  /** `most` may follow at once. */
  constructor(readonly most: number) {}

  /**
   * Takes a place for the caller of this name; call the returned function to give it back.
   * @throws {ProblemError} 429 when there is none.
   */
  enter(name: string): () => void {
    const share = Math.ceil(this.most / 2);
    const own = this.#byName.get(name) ?? 0;
    if (own >= share) {
      throw new ProblemError(
        429,
        `Cannot follow the job: ${share} followers are yours, which is the limit for one user`,
      );
    }
    if (this.#count >= this.most) {
      throw new ProblemError(429, `Cannot follow the job: ${this.most} followers are there, which is the limit`);
    }
    this.#change(name, 1);
    let inside = true;
    return () => {
      if (inside) this.#change(name, -1);
      inside = false;
    };
  }

  #change(name: string, change: 1 | -1): void {
    this.#count += change;
    const own = (this.#byName.get(name) ?? 0) + change;
    if (own === 0) this.#byName.delete(name);
    else this.#byName.set(name, own);
  }
}
