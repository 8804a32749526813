/** How long a peer may take, in milliseconds. */
export interface Timeouts {
  /** For a TLS handshake. */
  readonly handshake: number;
  /** Until the headers of a request are whole: from its first byte, those of the first one from the end of the handshake. */
  readonly headers: number;
  /** Between two pieces of a request's body. */
  readonly body: number;
  /** For a whole request. */
  readonly request: number;
  /** Between an answer and the next request. */
  readonly idle: number;
  /** For a sign of life: an answer to the kernel's probes, or room for at least some of the bytes that are on their way. */
  readonly dead: number;
  /** For requests under way when the daemon ends. */
  readonly shutdown: number;
}

/** What holds unless a test wants it shorter. */
export const TIMEOUTS: Timeouts = {
  handshake: 10_000,
  headers: 10_000,
  body: 30_000,
  request: 300_000,
  idle: 60_000,
  dead: 90_000,
  shutdown: 5_000,
};
