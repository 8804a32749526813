import { ConnectionFailure, ProblemFailure, UnansweredFailure } from "./failure.ts";

/** Milliseconds between tries: the first, and the most. */
const PAUSE = { first: 100, most: 5_000 };
/** Milliseconds without success after which a client gives up. */
const PATIENCE = 5 * 60_000;

/**
 * New connections in a row that the server closes without an answer until that is taken for its refusal of our certificate. One that is
 * ending can do so once; then nobody listens there for a while.
 */
const MAX_UNANSWERED = 5;

/**
 * Tells a failure that may pass, a daemon being restarted above all, from one that stays.
 * @param again Whether there was a connection before. For a moment the server may take it for another follower of ours (429).
 */
function mayPass(error: unknown, again: boolean): boolean {
  if (error instanceof ConnectionFailure) return true;
  const status = error instanceof ProblemFailure ? error.problem.status : 0;
  return status === 503 || (again && status === 429);
}

/** What is being tried again: all of it for the one server of this process, whose loss is told once and not by each. */
const lost = new Set<object>();

/**
 * Tries until it succeeds or fails for good. A first try that fails is a failure: only what has worked before is taken to be
 * away for a while.
 * @param attempt calls `progress` whenever it got something.
 * @param notice is called once for every time that the connection is lost, unless another call has just told of that.
 */
export async function ridingThrough<T>(
  attempt: (progress: () => void) => Promise<T>,
  notice: (error: Error) => void,
  signal: AbortSignal,
  connected = false,
): Promise<T> {
  let succeeded = connected;
  let pause = PAUSE.first;
  let since = 0;
  let again = false;
  let unanswered = 0;
  const call = {};
  using stack = new DisposableStack();
  stack.defer(() => lost.delete(call));
  const progress = () => {
    lost.delete(call);
    succeeded = again = true;
    unanswered = 0;
    pause = PAUSE.first;
    since = 0;
  };
  for (;;) {
    try {
      return await attempt(progress);
    } catch (error) {
      if (!succeeded || !mayPass(error, again) || !(error instanceof Error) || signal.aborted) throw error;
      again = true;
      unanswered = error instanceof UnansweredFailure ? unanswered + 1 : 0;
      if (error instanceof UnansweredFailure && unanswered >= MAX_UNANSWERED) {
        throw new UnansweredFailure(error.refusal, { cause: error });
      }
      if (since === 0) {
        since = performance.now();
        if (lost.size === 0) notice(error);
        lost.add(call);
      }
      if (performance.now() - since > PATIENCE) throw error;
      await sleep(pause * (0.5 + Math.random()), signal);
      pause = Math.min(PAUSE.most, pause * 2);
    }
  }
}

/** Waits; fails with the signal's reason once that is aborted. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
  signal.throwIfAborted();
}
