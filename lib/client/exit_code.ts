import type { Job } from "../contract/mod.ts";
import { signalNumber } from "./signals.ts";

/** Exit codes of Teleworker's own. */
export const EXIT = {
  failure: 1,
  usage: 2,
  /** Of `run`, `wait` and `logs -f`, whose other codes are the job's. */
  teleworker: 125,
  /** As a shell says of a program that SIGINT ended. */
  interrupted: 130,
  /** As a shell says of a program that SIGPIPE ended. */
  brokenPipe: 141,
} as const;

/** The exit code that stands for a job's end: its own, 128 and the signal's number, or 125 for a job that has neither. */
export function exitCodeOf(job: Job): number {
  if (job.exitCode !== null) return job.exitCode;
  return job.signal === null ? EXIT.teleworker : 128 + signalNumber(job.signal);
}
