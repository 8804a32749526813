import { equal } from "../support/assert.ts";
import { isAlive, parseStartTime, type Process, readBootId, signalProcess } from "../../lib/worker/process.ts";
import { signalSession } from "../../lib/worker/session.ts";
import { until } from "../support/until.ts";

const bootId = readBootId();

Deno.test("signalProcess and signalSession: pid used again → its new process is spared", async () => {
  const child = new Deno.Command("sleep", { args: ["1000"], detached: true, stdin: "null" }).spawn();
  try {
    const stat = await until("it runs", () => Deno.readTextFile(`/proc/${child.pid}/stat`).catch(() => null));
    const process: Process = { pid: child.pid, startTime: parseStartTime(stat) ?? 0, bootId };
    for (const gone of [{ ...process, startTime: process.startTime - 1 }, { ...process, bootId: "another" }]) {
      equal(signalProcess(gone, bootId, "SIGKILL"), false);
      equal(signalSession(gone, bootId, "SIGKILL"), false);
    }
    equal(isAlive(process, bootId), true);
    equal(signalSession(process, bootId, "SIGKILL"), true);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // As it should be, it has ended.
    }
    equal((await child.status).signal, "SIGKILL");
  }
});
