/** Milliseconds of requests' work between two looks for what has come. */
const TURN = 2;

/**
 * Lets requests begin one after the other, each name's in its turn: however many one client sends at once, on however many connections,
 * another's waits for one of them, and not for all.
 */
export class FairTurns {
  /** Those that wait, by name, the first first; the name whose turn is next comes first. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #busy = false;
  #over: Promise<void> = Promise.resolve();

  /** Resolves when nobody waits. */
  get over(): Promise<void> {
    return this.#over;
  }

  /** Resolves when it is the turn of this one of the name. */
  async next(name: string): Promise<void> {
    if (!this.#busy) {
      this.#busy = true;
      this.#over = this.#go();
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.set(name, waiting);
    waiting.push(resolve);
    await promise;
  }

  async #go(): Promise<void> {
    for (let begun = performance.now();;) {
      // The one that has begun works until it has to wait for something.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#waiting.size === 0) break;
      if (performance.now() - begun >= TURN) {
        await lookForWhatHasCome();
        begun = performance.now();
      }
      this.#begin();
    }
    this.#busy = false;
  }

  #begin(): void {
    for (const [name, waiting] of this.#waiting) {
      this.#waiting.delete(name);
      waiting.shift()?.();
      if (waiting.length > 0) this.#waiting.set(name, waiting);
      return;
    }
  }
}

/**
 * Lets the event loop take in what has come for sockets. While there is anything else to do, such as `setImmediate`, tokio does so at
 * every 61st time only (`event_interval`); it must have nothing to do for once, which takes 0.04 ms with this and 2 ms with a timer.
 */
async function lookForWhatHasCome(): Promise<void> {
  await Deno.stat("/");
}
