import { join } from "node:path";
import { deepEqual, equal, match, ok, rejects } from "../../support/assert.ts";
import { jobListSchema, jobSchema } from "../../../lib/contract/mod.ts";
import { canLimit, removeCgroups } from "../../support/cgroups.ts";
import { Daemon } from "../../support/daemon.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { Https } from "../../support/https.ts";
import { until } from "../../support/until.ts";
import { problemOf } from "../problem.ts";
import { type Ended, teleworkerd } from "../teleworkerd.ts";

/** A request through a daemon's Unix socket. */
async function send(daemon: Daemon, method: string, path: string, body?: object): Promise<Response> {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: daemon.socket } });
  const response = await fetch(`http://localhost${path}`, {
    method,
    client,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const bytes = await response.bytes();
  return new Response(bytes.length === 0 ? null : bytes, response);
}

Deno.test("the Unix socket is its owner's, who needs no certificate and may do everything", async () => {
  await using daemon = await Daemon.start();
  equal(((await Deno.stat(daemon.socket)).mode ?? 0) & 0o777, 0o600);
  deepEqual(await (await send(daemon, "GET", "/healthz")).json(), { status: "ok" });
  using alice = await Https.as(daemon, "alice");
  const others = await alice.start({ command: "sleep", args: ["1000"] });
  const own = jobSchema.parse(await (await send(daemon, "POST", "/v1/jobs", { command: "true" })).json());
  equal(own.owner, "local");
  const { jobs } = jobListSchema.parse(await (await send(daemon, "GET", "/v1/jobs")).json());
  deepEqual(jobs.map(({ id }) => id), [own.id, others.id]);
  equal((await send(daemon, "DELETE", `/v1/jobs/${others.id}`)).status, 204);
  await problemOf(await send(daemon, "GET", "/v1/jobs/../../etc"), 404);
  await problemOf(await alice.send("GET", `/v1/jobs/${own.id}`), 404);
});

Deno.test("a socket that a killed daemon left is replaced", async () => {
  await using daemon = await Daemon.start();
  await daemon.end("SIGKILL");
  ok((await Deno.lstat(daemon.socket)).isSocket);
  await daemon.run();
  equal((await send(daemon, "GET", "/healthz")).status, 200);
  equal(((await Deno.stat(daemon.socket)).mode ?? 0) & 0o777, 0o600);
});

Deno.test("a socket whose file was removed comes back", async () => {
  await using daemon = await Daemon.start();
  await Deno.remove(daemon.socket);
  await daemon.logged(/The socket .* has gone: listening anew/);
  await until("it is there", () => send(daemon, "GET", "/healthz").then(({ status }) => status === 200, () => false));
  equal(((await Deno.stat(daemon.socket)).mode ?? 0) & 0o777, 0o600);
  deepEqual(await daemon.end(), { success: true, code: 0, signal: null });
});

/** How a daemon ended that cannot listen at a path. */
async function daemonAt(path: string, { path: folder }: TemporaryFolder): Promise<Ended> {
  const group = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  try {
    return await teleworkerd(["--socket", path, "--state-dir", join(folder, "state"), "--cgroup-root", group]);
  } finally {
    await removeCgroups(group);
  }
}

Deno.test("a socket whose listener is too busy to let anyone in is left alone", async () => {
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "socket");
  using stack = new DisposableStack();
  stack.use(Deno.listen({ transport: "unix", path }));
  await rejects(async () => {
    // Beyond the queue of listen(2), which somaxconn of proc_sys_net(5) bounds.
    for (let count = 0; count < 10_000; count++) stack.use(await Deno.connect({ transport: "unix", path }));
  }, Deno.errors.WouldBlock);
  const { code, stderr } = await daemonAt(path, folder);
  deepEqual([code, stderr.match(/^teleworkerd: .*/m)?.[0]], [
    1,
    `teleworkerd: Cannot listen on "${path}": another daemon does`,
  ]);
  ok((await Deno.lstat(path)).isSocket);
});

Deno.test("a daemon that cannot listen at a path says why", async () => {
  await using folder = await TemporaryFolder.create();
  const reasonAt = async (path: string) => {
    const { code, stderr } = await daemonAt(path, folder);
    equal(code, 1);
    return stderr.match(/^teleworkerd: Cannot listen on ".*": (.*)$/m)?.[1];
  };
  equal(await reasonAt(folder.path), "it is there and is not a socket");
  equal(await reasonAt(join(folder.path, "no/such/folder")), "its folder is not there");
  equal(await reasonAt(join(folder.path, "x".repeat(107))), "its path is longer than 107 bytes");
});

Deno.test("a daemon does not start beside another on the same socket, state folder or cgroup, whose work goes on", async () => {
  await using daemon = await Daemon.start();
  const otherGroup = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  await using stack = new AsyncDisposableStack();
  stack.defer(() => removeCgroups(otherGroup));
  const second = ["--cgroup-root", otherGroup, "--listen", "127.0.0.1:0"];
  const other = join(daemon.folder.path, "other");
  const sameSocket = await teleworkerd([...second, "--socket", daemon.socket, "--state-dir", other]);
  equal(sameSocket.code, 1);
  match(sameSocket.stderr, /^teleworkerd: Cannot listen on ".*": another daemon does$/m);
  const sameState = await teleworkerd([...second, "--socket", other + ".socket", "--state-dir", daemon.state]);
  equal(sameState.code, 1);
  match(sameState.stderr, /^teleworkerd: Cannot use the state folder ".*": another daemon does$/m);
  if (canLimit) {
    const sameGroup = await teleworkerd([
      "--cgroup-root",
      daemon.cgroupRoot,
      "--socket",
      other + ".socket",
      "--state-dir",
      other,
    ]);
    equal(sameGroup.code, 1);
    match(sameGroup.stderr, /^teleworkerd: Cannot use the cgroup ".*": another daemon does; name .* --cgroup-root$/m);
  }
  equal((await send(daemon, "GET", "/healthz")).status, 200);
  using alice = await Https.as(daemon, "alice");
  deepEqual(await (await alice.send("GET", "/v1/jobs")).json(), { jobs: [], cursor: null, damaged: [] });
});
