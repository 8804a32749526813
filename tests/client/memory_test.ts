import { equal, ok } from "node:assert/strict";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { spawnTeleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";

const SIZE = 128 * 2 ** 20;

/** KiB of a process's memory at the worst moment, from proc_pid_status(5); 0 once it has ended. */
async function peakOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
}

/** Bytes that a process has read so far, from proc_pid_io(5). */
async function readBy(pid: number): Promise<number> {
  return Number(/^rchar: (\d+)/m.exec(await Deno.readTextFile(`/proc/${pid}/io`))?.[1] ?? 0);
}

/** Waits until a process has read nothing for a hundred looks. */
async function idle(pid: number): Promise<void> {
  let [before, looks] = [-1, 0];
  await until("the client waits for its reader", async () => {
    const now = await readBy(pid);
    looks = now === before ? looks + 1 : 0;
    before = now;
    return looks > 100;
  });
}

Deno.test("logs holds little of a log in memory, however fast or slowly it is read", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const job = async (size: number) => {
    const { id } = await alice.start({ command: "head", args: ["-c", String(size), "/dev/zero"] });
    await alice.wait(id);
    return id;
  };
  const [large, small] = [await job(SIZE), await job(2 ** 16)];
  /** What the client needs at most to write this many bytes; `pause` is called when a few of them were read. */
  const peak = async (args: string[], size: number, pause?: (pid: number) => Promise<void>) => {
    const client = spawnTeleworker(daemon, ["logs", "--stdout", "-f", ...args]);
    let [read, most] = [0, 0];
    for await (const { length } of client.stdout) {
      if (read === 0) await pause?.(client.pid);
      read += length;
      most = Math.max(most, await peakOf(client.pid));
    }
    equal(read, size);
    equal((await client.status).code, 0);
    await client.stderr.cancel();
    return most;
  };
  for (const [road, flags] of [["TLS", []], ["the Unix socket", ["--socket", daemon.socket]]] as const) {
    await t.step(`over ${road}`, async () => {
      const base = await peak([...flags, small], 2 ** 16);
      const fast = await peak([...flags, large], SIZE);
      const slow = await peak([...flags, large], SIZE, idle);
      // Some 80 MiB for nothing, 95 (TLS) or 135 (Unix socket) for a log of any size; 380 if it is left to V8 when to collect.
      ok(base > 0 && fast < 2.5 * base && slow < 2.5 * base, `${base} KiB, fast ${fast} KiB, slow ${slow} KiB`);
    });
  }
});
