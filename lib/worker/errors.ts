/** Why the worker refused, for the caller to act on. */
export type Refusal =
  /** There is no such job. */
  | "unknown"
  /** Another job stands in the way: the name is taken, or the idempotency key was used for another request. */
  | "conflict"
  /** A limit of this worker is reached; later it may work. */
  | "busy"
  /** This host cannot do what was asked, now or later. */
  | "unsupported"
  /** The job's records cannot be used; it can only be removed. */
  | "damaged"
  /** The worker is closing. */
  | "closing";

/** A request that the worker refuses; nothing has changed. Faults of the host are the platform's own errors instead. */
export class WorkerError extends Error {
  /** Tells it apart in logs. */
  override readonly name = "WorkerError";

  /** `message` is a sentence for the user, `refusal` the kind of reason. */
  constructor(readonly refusal: Refusal, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The refusal of whatever cannot be done with a job that is not there. */
export function unknownError(id: string): WorkerError {
  return new WorkerError("unknown", `There is no job "${id}"`);
}

/** The refusal of whatever cannot be done with a damaged job. */
export function damagedError({ id, reason }: { id: string; reason: string }): WorkerError {
  return new WorkerError("damaged", `Cannot use job "${id}", it is damaged: ${reason}`);
}
