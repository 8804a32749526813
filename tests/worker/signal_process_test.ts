import { equal } from "../support/assert.ts";
import { isAlive, parseStartTime, type Process, readBootId, signalProcess } from "../../lib/worker/process.ts";
import { until } from "../support/until.ts";

const bootId = readBootId();

Deno.test("signalProcess spares who has the pid of a process that is gone, and that one's group", async () => {
  const child = new Deno.Command("sleep", { args: ["1000"], detached: true, stdin: "null" }).spawn();
  try {
    const stat = await until("it runs", () => Deno.readTextFile(`/proc/${child.pid}/stat`).catch(() => null));
    const process: Process = { pid: child.pid, startTime: parseStartTime(stat) ?? 0, bootId };
    for (const gone of [{ ...process, startTime: process.startTime - 1 }, { ...process, bootId: "another" }]) {
      for (const addressee of ["process", "group"] as const) {
        equal(signalProcess(gone, bootId, "SIGKILL", addressee), false);
      }
    }
    equal(isAlive(process, bootId), true);
    equal(signalProcess(process, bootId, "SIGKILL", "group"), true);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // As it should be, it has ended.
    }
    equal((await child.status).signal, "SIGKILL");
  }
});
