import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { addServer, initAuthority } from "../../lib/pki/store.ts";
import { revoke } from "../../lib/pki/revoke.ts";
import { makeCertificates } from "../support/certificates.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { aJob } from "../support/a_job.ts";
import { LiveClient } from "./live_client.ts";
import { json, scriptedServer } from "./scripted_server.ts";

/** The clients that stay connected, once each has begun: of a job, and one that runs its own. */
async function connect(daemon: Daemon, stack: AsyncDisposableStack): Promise<LiveClient[]> {
  using alice = await Https.as(daemon, "alice");
  const script = ["sh", "-c", "echo begun; exec sleep 1000"] as const;
  const { id } = await alice.start({ command: "sh", args: script.slice(1) });
  const clients = [["logs", "-f", id], ["wait", id], ["run", "--", ...script]]
    .map((args) => stack.use(new LiveClient(daemon, args)));
  await clients[0]?.prints("begun");
  await clients[2]?.prints("begun");
  await daemon.logged(new RegExp(`"event":"decision"[^\\n]*"route":"status","job":"${id}"`));
  return clients;
}

/** How each ended; the last line of its stderr, and the exit code. */
async function endings(clients: readonly LiveClient[]): Promise<[code: number, last: string][]> {
  return await Promise.all(clients.map(async ({ ended }) => {
    const { code, stderr } = await ended;
    match(stderr, /; trying again\n/);
    return [code, stderr.trimEnd().split("\n").at(-1) ?? ""];
  }));
}

Deno.test("Follower: certificate is revoked meanwhile → ends with the reason", async () => {
  await using daemon = await Daemon.start();
  await using stack = new AsyncDisposableStack();
  const clients = await connect(daemon, stack);
  await revoke(daemon.certs, "alice");
  for (const [code, last] of await endings(clients)) {
    equal(code, 125);
    match(last, /^teleworker: Cannot accept client certificate "alice" \(serial [0-9a-f]+\): it was revoked$/);
  }
});

Deno.test("Follower: our authority is taken from the daemon → ends with the reason", async () => {
  await using daemon = await Daemon.start();
  await using stack = new AsyncDisposableStack();
  const clients = await connect(daemon, stack);
  const others = join(daemon.folder.path, "others");
  await initAuthority(others);
  await Deno.rename(join(others, "ca.pem"), join(daemon.certs, "ca.pem"));
  const reason = "it closed the connection, as a server does that does not accept our certificate";
  const last =
    `teleworker: Cannot reach the server at "https://${daemon.address}": ${reason}: revoked, or of another authority?`;
  deepEqual(await endings(clients), clients.map(() => [125, last]));
});

Deno.test("Follower: server comes back as another host → ends with the reason", async () => {
  await using daemon = await Daemon.start();
  await using stack = new AsyncDisposableStack();
  const clients = await connect(daemon, stack);
  for (const name of ["server.pem", "server-key.pem"]) await Deno.remove(join(daemon.certs, name));
  await addServer(daemon.certs, ["build.example.org"]);
  await daemon.end();
  await daemon.run();
  const reason = 'its certificate is not for "127.0.0.1", but for "build.example.org"';
  const last = `teleworker: Cannot reach the server at "https://${daemon.address}": ${reason}`;
  deepEqual(await endings(clients), clients.map(() => [125, last]));
});

Deno.test("Follower: server closes a few connections unanswered → goes on", async () => {
  const certs = await Deno.makeTempDir({ prefix: "tw-" });
  try {
    await makeCertificates(certs);
    const job = aJob({ state: "exited", exitCode: 3 });
    await using server = await scriptedServer(certs, (path, connection, socket) => {
      if (path.startsWith("/v1/jobs?")) return socket.end(json({ jobs: [job], damaged: [], cursor: null }));
      // As a daemon that is just ending.
      if (connection < 5) return void socket.destroy();
      socket.end(json(job));
    });
    await using client = new LiveClient({ address: server.address, certs }, ["wait", job.id]);
    const { code, stdout, stderr } = await client.ended;
    deepEqual({ code, stdout }, { code: 3, stdout: `${job.id} exited 3\n` });
    match(stderr, /^teleworker: Cannot reach the server at "\S+": it closed the connection; trying again\n$/);
    // Not the requests: one more is sent on the first connection where its end has not been seen yet.
    equal(server.connections, 5);
  } finally {
    await Deno.remove(certs, { recursive: true });
  }
});
