import { equal } from "node:assert/strict";
import { Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

async function limit(daemon: Daemon, descriptors: string): Promise<void> {
  const args = [`--pid=${daemon.pid}`, `--nofile=${descriptors}:`];
  equal((await new Deno.Command("prlimit", { args }).output()).success, true);
}

async function isServed({ socket }: Daemon): Promise<boolean> {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const signal = AbortSignal.timeout(1000);
  try {
    return (await (await fetch("http://localhost/healthz", { client, signal })).text()).includes("ok");
  } catch {
    return false;
  }
}

Deno.test("the Unix socket lets its owner in again when there are descriptors again", async () => {
  await using daemon = await Daemon.start();
  const soft = /Max open files\s+(\d+)/.exec(await Deno.readTextFile(`/proc/${daemon.pid}/limits`))?.[1] ?? "";
  await limit(daemon, "10");
  const connection = await Deno.connect({ transport: "unix", path: daemon.socket });
  await until("nobody is let in", async () => !await isServed(daemon));
  connection.close();
  await limit(daemon, soft);
  await until("its owner is let in", () => isServed(daemon));
});
