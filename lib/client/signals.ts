import { constants } from "node:os";

const SIGNALS = new Map<string, number>(Object.entries(constants.signals));

/** The full names of all signals. */
export const SIGNAL_NAMES: readonly string[] = [...SIGNALS.keys()];

/** Whether this is the full name of a signal, such as `SIGTERM`. */
export function isSignal(name: string): boolean {
  return SIGNALS.has(name);
}

/** The full name of a signal number. */
export function signalName(number: number): string | undefined {
  return [...SIGNALS].find(([, candidate]) => candidate === number)?.[0];
}

/** The number of a signal by its full name; 0 for one that is not known here. */
export function signalNumber(name: string): number {
  return SIGNALS.get(name) ?? Number(/^SIG(\d+)$/.exec(name)?.[1] ?? 0);
}
