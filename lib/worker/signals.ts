import { constants } from "node:os";

const NUMBERS = new Map<string, number>(Object.entries(constants.signals));
const NAMES = new Map<number, string>([...NUMBERS].reverse().map(([name, number]) => [number, name]));

/** The name of a signal number, such as `SIGKILL` for 9; real-time signals by number (signal(7)). */
export function signalName(number: number): string {
  return NAMES.get(number) ?? `SIG${number}`;
}

/** Whether this is the full name of a signal that can be sent here, such as `SIGTERM`. */
export function isSignal(name: string): name is Deno.Signal {
  return NUMBERS.has(name);
}
