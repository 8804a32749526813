import type { Duplex } from "node:stream";

/** What can be told to wait, and to go on. */
export interface Pausable {
  pause(): unknown;
  resume(): unknown;
}

/** A way to a server. */
export interface Link {
  /** What HTTP is spoken on. */
  readonly stream: Duplex;
  /** Where its bytes come from: paused, nothing more is read from the server. Not needed where the stream itself sees to that. */
  readonly source?: Pausable;
}

/** A server closed a connection on which it had not answered anything yet. The cause says how. */
export class UnansweredError extends Error {
  /** The name of the class. */
  override readonly name = "UnansweredError";
}
