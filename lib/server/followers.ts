import { ProblemError } from "./problem.ts";

/** Counts those who follow a job, and refuses more than there may be. */
export class Followers {
  #count = 0;

  /** `most` may follow at once. */
  constructor(readonly most: number) {}

  /**
   * Takes a place; call the returned function to give it back.
   * @throws {ProblemError} 429 when there is none.
   */
  enter(): () => void {
    if (this.#count >= this.most) {
      throw new ProblemError(429, `Cannot follow the job: ${this.most} followers are there, which is the limit`);
    }
    this.#count++;
    let inside = true;
    return () => {
      if (inside) this.#count--;
      inside = false;
    };
  }
}
