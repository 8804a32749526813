import { DAY_MS } from "../base/day.ts";

/** Days before its end from which on a certificate is warned of. */
const WARNING_DAYS = 14;

/** When something begins and ends to be valid. */
export interface Validity {
  /** The first moment. */
  readonly notBefore: Date;
  /** The last moment. */
  readonly notAfter: Date;
}

/** Tells whether something that is valid should be replaced: it has 14 days left, or a third of its life where that is shorter. */
export function expiresSoon({ notBefore, notAfter }: Validity, now: Date = new Date()): boolean {
  const [life, left] = [notAfter.getTime() - notBefore.getTime(), notAfter.getTime() - now.getTime()];
  return left >= 0 && left <= Math.min(WARNING_DAYS * DAY_MS, life / 3);
}

/** Counts the days until a time, the one that has begun included; below zero once it is over. */
export function daysUntil(time: Date, now: Date = new Date()): number {
  const days = (time.getTime() - now.getTime()) / DAY_MS;
  return days < 0 ? Math.floor(days) : Math.ceil(days);
}

/** Tells when something expires, as the end of a sentence: `expires within 9 days, at 2026-01-02T03:04:05.000Z`. */
export function describeExpiry({ notAfter }: Validity, now: Date = new Date()): string {
  const days = daysUntil(notAfter, now);
  return `expires within ${days} day${days === 1 ? "" : "s"}, at ${notAfter.toISOString()}`;
}
