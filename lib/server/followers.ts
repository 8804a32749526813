import { logger } from "./log/logger.ts";
import { ProblemError } from "./problem.ts";
import { Shares } from "./shares.ts";

/** Those who follow jobs, of which there may be so many. Nobody can keep others from it; see {@linkcode Shares}. */
export class Followers {
  readonly #shares: Shares;

  /** `most` may follow at once. */
  constructor(most: number) {
    this.#shares = new Shares(most);
  }

  /**
   * Takes a place for the caller of this name; call the returned function to give it back.
   * @param breakOff is called when the place has gone to another.
   * @throws {ProblemError} 429 when there is none.
   */
  enter(name: string, breakOff: () => void): () => void {
    const { most } = this.#shares;
    const leave = this.#shares.take(name, () => {
      logger.warn("Broke off the newest follower of {name}, who had the most of {most}", { name, most });
      breakOff();
    });
    if (leave !== null) return leave;
    const own = this.#shares.of(name);
    throw new ProblemError(429, `Cannot follow the job: the limit of followers is reached, ${own} of them yours`);
  }
}
