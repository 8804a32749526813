import { command } from "./command.ts";

const limits = openFiles();

/** Why no process can be allowed so many descriptors here; null when it can. */
export function whyNotDescriptors(count: number): string | null {
  return limits.hard < count ? `no process may have ${count} descriptors` : null;
}

/** Does something with so many descriptors allowed to us, and to the daemon, which inherits that. */
export async function withDescriptors(count: number, action: () => Promise<void>): Promise<void> {
  if (limits.soft >= count) return await action();
  await command("prlimit", `--pid=${Deno.pid}`, `--nofile=${count}:`);
  try {
    await action();
  } finally {
    await command("prlimit", `--pid=${Deno.pid}`, `--nofile=${limits.soft}:`);
  }
}

/** How many descriptors we may have, and how many we may allow ourselves. */
function openFiles(): { soft: number; hard: number } {
  const [, soft, hard] = /^Max open files\s+(\d+)\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits")) ?? [];
  return { soft: Number(soft), hard: Number(hard) };
}
