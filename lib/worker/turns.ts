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
