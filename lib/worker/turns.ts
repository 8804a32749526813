/** Milliseconds of work between two pauses. */
const WORK = 5;
/** Milliseconds of a pause: a request takes many turns of the event loop, and one alone would make it wait for as much work each. */
const PAUSE = 1;

/**
 * Goes through many things, and pauses again and again for requests and whatever else waits.
 * @throws the signal's reason when it is aborted.
 */
export async function* inTurns<T>(things: Iterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  let since = performance.now();
  for (const thing of things) {
    if (performance.now() - since > WORK) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      signal.throwIfAborted();
      since = performance.now();
    }
    yield thing;
  }
}

/**
 * Lets those who can all go on at once, as a thousand who waited for the same end, do so one after the other, with pauses as
 * {@linkcode inTurns} has them.
 */
export class Turns {
  #waiting = 0;
  #since = 0;
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is one's turn, at once where nobody else waits. */
  async next(): Promise<void> {
    if (this.#waiting++ === 0) this.#since = performance.now();
    const turn = this.#last.then(() => this.#pause());
    this.#last = turn;
    await turn;
    this.#waiting--;
  }

  async #pause(): Promise<void> {
    if (performance.now() - this.#since <= WORK) return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    this.#since = performance.now();
  }
}
