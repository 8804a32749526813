import { equal } from "../support/assert.ts";
import {
  isAlive,
  parseStartTime,
  parseStat,
  type Process,
  readBootId,
  signalProcess,
} from "../../lib/worker/process.ts";
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
      equal(signalSession(gone, null, bootId, "SIGKILL"), false);
    }
    equal(isAlive(process, bootId), true);
    equal(signalSession(process, null, bootId, "SIGKILL"), true);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // As it should be, it has ended.
    }
    equal((await child.status).signal, "SIGKILL");
  }
});

Deno.test("signalSession: leader has ended → the rest while its witness lives", async () => {
  const script = "sleep 1000 & echo $!; read -r line";
  const child = new Deno.Command("setsid", {
    args: ["--wait", "sh", "-c", script],
    ...{ stdin: "piped", stdout: "piped" },
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  const orphan = Number(new TextDecoder().decode(value));
  const stat = (pid: number | string) => Deno.readTextFileSync(`/proc/${pid}/stat`);
  const isThere = () => isAlive({ pid: orphan, startTime, bootId }, bootId);
  const startTime = parseStartTime(stat(orphan)) ?? 0;
  const { session } = parseStat(stat(orphan));
  const leader: Process = { pid: session, startTime: parseStartTime(stat(session)) ?? 0, bootId };
  await child.stdin.close();
  equal((await child.status).code, 1);
  const witness: Process = { pid: Deno.pid, startTime: parseStartTime(stat("self")) ?? 0, bootId };
  try {
    for (const none of [null, { ...witness, startTime: witness.startTime + 1 }]) {
      equal(signalSession(leader, none, bootId, "SIGKILL"), false);
    }
    equal(isThere(), true);
    equal(signalSession(leader, witness, bootId, "SIGKILL"), true);
    await until("it has ended", () => !isThere());
  } finally {
    if (isThere()) Deno.kill(orphan, "SIGKILL");
  }
});
