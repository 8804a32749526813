/**
 * Notices a server that sends nothing any more. The kernel's keep-alive needs twelve minutes for that: node:net of Deno 2.9 sets when its
 * probes begin, not how many are sent and how often. Nor does it see a tunnel that keeps a connection and forwards nothing, or that has
 * forgotten one connection.
 */

/** Limits on the silence of a server that owes us bytes. */
export interface SilenceLimits {
  /** Milliseconds after which the server is asked on a new connection whether it is still there. */
  readonly probeAfterMs: number;
  /** Milliseconds that it has to answer that. */
  readonly probeTimeoutMs: number;
  /** Milliseconds after which the request is sent again on another connection, although the server is there. */
  readonly renewAfterMs: number;
}

/** The limits of the program. */
export const SILENCE: SilenceLimits = { probeAfterMs: 30_000, probeTimeoutMs: 15_000, renewAfterMs: 60_000 };

/** How many times longer than at first an answer may take at most. */
const MAX_FACTOR = 16;

/** A server that is there has been silent on a connection for so long that the request is to be sent again on another. */
export class RenewalDue extends Error {
  /** The name of the class. */
  override readonly name = "RenewalDue";

  /** `begun` is whether the answer had. */
  constructor(readonly begun = true) {
    super();
  }
}

/** Watches all that is awaited from one server. A byte that comes on one connection proves for all that the server is there. */
export class SilenceWatch {
  readonly #limits: SilenceLimits;
  readonly #probe: () => Promise<void>;
  #heardAt = performance.now();
  #probing: Promise<undefined> | undefined;

  /** `probe` asks the server whether it is there, and throws if it is not. */
  constructor(limits: SilenceLimits, probe: () => Promise<void>) {
    this.#limits = limits;
    this.#probe = probe;
  }

  /**
   * Waits for bytes of the server. If it throws, the caller closes the connection that they were to come on.
   *
   * @param longerMs Milliseconds that the bytes may take longer than usual.
   * @param renewals How often the request was sent again. Each time the bytes may take twice as long: an answer may be long in the making.
   * @throws {RenewalDue} when it is time to send the request again.
   * @throws what the probe throws.
   */
  async wait<T>(coming: Promise<T>, longerMs = 0, renewals = 0): Promise<T> {
    const { probeAfterMs } = this.#limits;
    const renewAfterMs = this.#limits.renewAfterMs * Math.min(2 ** renewals, MAX_FACTOR);
    const begunAt = performance.now();
    const arrived = coming.then((value) => {
      this.#heardAt = performance.now();
      return { value };
    });
    // It may fail when nobody waits for it any more.
    arrived.catch(() => {});
    for (;;) {
      const now = performance.now();
      const renewInMs = begunAt + renewAfterMs + longerMs - now;
      const probeInMs = Math.max(begunAt, this.#heardAt) + probeAfterMs - now;
      if (renewInMs <= 0) throw new RenewalDue();
      const answer = await (probeInMs > 0
        ? within(Math.min(renewInMs, probeInMs), arrived)
        : within(renewInMs, Promise.race([arrived, this.#probeOnce()])));
      if (answer !== undefined) {
        return answer.value;
      }
    }
  }

  /** Probes once for all who wait. */
  #probeOnce(): Promise<undefined> {
    this.#probing ??= this.#probe().then(() => {
      this.#heardAt = performance.now();
      return undefined;
    }).finally(() => this.#probing = undefined);
    return this.#probing;
  }
}

/**
 * Calls again whenever a renewal is due. `attempt` is told how often in a row the answer has not even begun, and at least 1 for a renewal.
 */
export async function renewing<T>(attempt: (renewals: number) => Promise<T>): Promise<T> {
  let renewals = 0;
  for (;;) {
    try {
      return await attempt(renewals);
    } catch (error) {
      if (!(error instanceof RenewalDue)) throw error;
      renewals = error.begun ? 1 : renewals + 1;
    }
  }
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), milliseconds);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
