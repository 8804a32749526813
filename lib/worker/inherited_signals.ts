import { isSignal, signalName } from "./signals.ts";

/** Rust ignores it in every process, and not in those that it starts (std::process). */
const OF_RUST = ["SIGPIPE"];
/** Deno takes no listeners for faults, which no program that wants to live ignores. */
const FAULTS = ["SIGILL", "SIGFPE", "SIGSEGV"];

/**
 * Keeps from every job that this process was started with signals ignored, such as by nohup(1), or with `&` in a script: the processes
 * that it starts would ignore them too, and no shell could change that (trap in POSIX). What is listened to is as usual in those
 * (execve(2)), and this process goes on to do nothing about it.
 */
export function keepIgnoredSignalsFromJobs(): void {
  for (const signal of ignoredSignals()) {
    if (isSignal(signal) && ![...OF_RUST, ...FAULTS].includes(signal)) Deno.addSignalListener(signal, () => {});
  }
}

/** As proc_pid_status(5) tells: a bit for each signal, the lowest for 1. */
function ignoredSignals(): string[] {
  const mask = BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1] ?? "0"}`);
  return Array.from({ length: 64 }, (_, bit) => bit + 1)
    .filter((number) => (mask >> BigInt(number - 1) & 1n) === 1n).map(signalName);
}
