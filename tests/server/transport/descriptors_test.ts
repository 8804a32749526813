import { equal, match, ok } from "../../support/assert.ts";
import { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";
import { until } from "../../support/until.ts";
import { problemOf } from "../problem.ts";

/** Limits the descriptors of a process that runs: what it has open stays open. */
async function limitDescriptors(pid: number, most: number): Promise<void> {
  const { success } = await new Deno.Command("prlimit", { args: [`--pid=${pid}`, `--nofile=${most}:`] }).output();
  ok(success);
}

Deno.test("a request for which there is no descriptor is told so, and others are served", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "echo", args: ["here"] });
  await alice.wait(id);
  await limitDescriptors(daemon.pid, 3);
  // One after the other: there is no descriptor for a second connection.
  for (
    const [method, path, body] of [["GET", `/v1/jobs/${id}/stdout`], ["POST", "/v1/jobs", { command: "true" }]] as const
  ) {
    const { detail = "" } = await problemOf(await alice.send(method, path, body), 503);
    match(detail, /^The host has no file descriptor left$/);
  }
  equal(await alice.status("/healthz"), 200);
  equal((await alice.job(await alice.send("GET", `/v1/jobs/${id}`))).state, "exited");
  await limitDescriptors(daemon.pid, 1000);
  equal(await (await alice.send("GET", `/v1/jobs/${id}/stdout`)).text(), "here\n");
  equal((await alice.wait((await alice.start({ command: "true" })).id)).exitCode, 0);
});

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
  await limitDescriptors(daemon.pid, 10);
  const connection = await Deno.connect({ transport: "unix", path: daemon.socket });
  await until("nobody is let in", async () => !await isServed(daemon));
  connection.close();
  await limitDescriptors(daemon.pid, 1000);
  await until("its owner is let in", () => isServed(daemon));
});
