import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import type { SilenceLimits } from "../../lib/client/silence.ts";
import { aJob } from "../support/a_job.ts";
import { makeCertificates } from "../support/certificates.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import type { ClientOptions } from "../support/teleworker.ts";
import { until } from "../support/until.ts";
import { ForgetfulTunnel } from "./forgetful_tunnel.ts";
import { LiveClient } from "./live_client.ts";
import { json, scriptedServer } from "./scripted_server.ts";
import { Tunnel } from "./tunnel.ts";

/** A probe is not to fail, however busy the machine is. */
const PATIENT: SilenceLimits = { probeAfterMs: 200, probeTimeoutMs: 60_000, renewAfterMs: 400 };
/** A probe is to fail. */
const HASTY: SilenceLimits = { probeAfterMs: 200, probeTimeoutMs: 2_000, renewAfterMs: 60_000 };
/** There is none. */
const UNPROBED: SilenceLimits = { probeAfterMs: 60_000, probeTimeoutMs: 60_000, renewAfterMs: 400 };

/** A job that writes a line, waits for a file, writes another, and exits with 3 when the file has something in it. */
const SCRIPT = [
  "trap 'echo asked to stop' TERM",
  "echo before; until [ -e $0 ]; do sleep 0.02; done",
  "echo after; until [ -s $0 ]; do sleep 0.02; done; exit 3",
].join("; ");

type Verb = "follow" | "wait" | "stop" | "find" | "start" | "remove";

/** Arguments and options of a client with other limits than the program's. */
function silently(limits: SilenceLimits, verb: Verb, id: string): [args: string[], options: ClientOptions] {
  const main = fileURLToPath(new URL("silence_main.ts", import.meta.url));
  const program = [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", main] as const;
  return [[JSON.stringify(limits), verb, id], { program, env: { HOME: Deno.env.get("HOME") ?? "/" } }];
}

/** A daemon behind a tunnel, with a job on it. */
class Behind implements AsyncDisposable {
  readonly gate: string;

  private constructor(readonly daemon: Daemon, readonly tunnel: Tunnel, readonly id: string) {
    this.gate = join(daemon.folder.path, "gate");
  }

  static async start(flags: readonly string[] = []): Promise<Behind> {
    await using stack = new AsyncDisposableStack();
    const daemon = stack.use(await Daemon.start({ flags }));
    const tunnel = stack.use(await Tunnel.open(daemon.address));
    using alice = await Https.as(daemon, "alice");
    const { id } = await alice.start({ command: "sh", args: ["-c", SCRIPT, join(daemon.folder.path, "gate")] });
    stack.move();
    return new Behind(daemon, tunnel, id);
  }

  /** A client on the near side. */
  client(limits: SilenceLimits, verb: Verb): LiveClient {
    const { address } = this.tunnel;
    return new LiveClient({ address, certs: this.daemon.certs }, ...silently(limits, verb, this.id));
  }

  /** Waits until so many connections came through the tunnel after those that were there. */
  async connections(more: number): Promise<void> {
    const before = this.tunnel.connections;
    await until(`${more} connections came`, () => this.tunnel.connections >= before + more);
  }

  /** Lets the job write its second line. */
  async write(): Promise<void> {
    await Deno.writeTextFile(this.gate, "");
  }

  /** Lets the job end. */
  async end(): Promise<void> {
    await Deno.writeTextFile(this.gate, "end");
  }

  /** What the job has written. */
  async output(): Promise<string> {
    using alice = await Https.as(this.daemon, "alice");
    return await (await alice.send("GET", `/v1/jobs/${this.id}/stdout`)).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tunnel[Symbol.asyncDispose]();
    await this.daemon[Symbol.asyncDispose]();
  }
}

Deno.test("Follower: silent job on a healthy server → says nothing, loses and repeats nothing", async () => {
  // As many places as the client has streams: each old connection is closed before the new request.
  await using behind = await Behind.start(["--max-followers", "2"]);
  await using client = behind.client(PATIENT, "follow");
  await client.prints("before\n");
  // Several probes and renewals.
  await behind.connections(12);
  await behind.write();
  await client.prints("after\n");
  await behind.connections(6);
  await behind.end();
  deepEqual(await client.ended, { code: 3, stdout: "before\nafter\n", stderr: "" });
});

Deno.test("Follower: tunnel forgets its connection → goes on from its byte without a word", async () => {
  await using behind = await Behind.start();
  await using client = behind.client(UNPROBED, "follow");
  await client.prints("before\n");
  await behind.daemon.logged(/("route":"output"[^]*){2}/);
  behind.tunnel.forget();
  await behind.write();
  await client.prints("after\n");
  await behind.end();
  deepEqual(await client.ended, { code: 3, stdout: "before\nafter\n", stderr: "" });
});

for (const verb of ["follow", "wait"] as const) {
  Deno.test(`${verb}: tunnel stalls → notices, and goes on when it recovers`, async () => {
    await using behind = await Behind.start();
    await using client = behind.client(HASTY, verb);
    await behind.daemon.logged(/"route":"(output|status)"/);
    behind.tunnel.stall();
    await client.notes("it did not answer within 2 seconds; trying again\n");
    await behind.end();
    behind.tunnel.recover();
    const { code, stdout, stderr } = await client.ended;
    deepEqual({ code, stdout }, { code: 3, stdout: verb === "wait" ? "" : "before\nafter\n" });
    match(
      stderr,
      /^(teleworker: Cannot reach the server at "\S+": it did not answer within 2 seconds; trying again\n)+$/,
    );
  });
}

Deno.test("wait: tunnel forgets its connection → asks again without a word", async () => {
  await using behind = await Behind.start();
  await using client = behind.client(UNPROBED, "wait");
  await behind.daemon.logged(/"route":"status"/);
  behind.tunnel.forget();
  await behind.end();
  deepEqual(await client.ended, { code: 3, stdout: "", stderr: "" });
});

Deno.test("stop: job takes long to end → probes, and stops it once", async () => {
  await using behind = await Behind.start();
  await using client = behind.client(PATIENT, "stop");
  await until("it was asked to stop", async () => (await behind.output()).includes("asked"));
  await behind.connections(5);
  await behind.end();
  deepEqual(await client.ended, { code: 3, stdout: "", stderr: "" });
  equal(await behind.output(), "before\nasked to stop\nafter\n");
});

Deno.test("stop: tunnel stalls → notices, and goes on when it recovers", async () => {
  await using behind = await Behind.start();
  await using client = behind.client(HASTY, "stop");
  await until("it was asked to stop", async () => (await behind.output()).includes("asked"));
  behind.tunnel.stall();
  await client.notes("it did not answer within 2 seconds; trying again\n");
  await behind.end();
  behind.tunnel.recover();
  equal((await client.ended).code, 3);
});

Deno.test("find: answer takes long → is asked for again, and waited for longer", async () => {
  const certs = await Deno.makeTempDir({ prefix: "tw-" });
  const job = aJob({ state: "exited", exitCode: 3 });
  try {
    await makeCertificates(certs);
    const timers: ReturnType<typeof setTimeout>[] = [];
    await using server = await scriptedServer(certs, (path, _connection, socket) => {
      if (path === "/healthz") return socket.end(json({ status: "ok" }));
      // Longer than the first renewals let it take.
      timers.push(setTimeout(() => socket.end(json({ jobs: [job], damaged: [], cursor: null })), 1_000));
    });
    const client = new LiveClient({ address: server.address, certs }, ...silently(PATIENT, "find", job.id));
    deepEqual(await client.ended, { code: 3, stdout: "", stderr: "" });
    for (const timer of timers) clearTimeout(timer);
    ok(server.asked.filter((path) => path.startsWith("/v1/jobs?")).length >= 2, server.asked.join(" "));
  } finally {
    await Deno.remove(certs, { recursive: true });
  }
});

Deno.test("find: tunnel stalls → fails with the reason", async () => {
  await using behind = await Behind.start();
  behind.tunnel.stall();
  await using client = behind.client(HASTY, "find");
  const { code, stdout, stderr } = await client.ended;
  const reason = "it did not answer within 2 seconds";
  equal(stderr, `teleworker: Cannot reach the server at "https://${behind.tunnel.address}": ${reason}\n`);
  deepEqual({ code, stdout }, { code: 125, stdout: "" });
  ok(behind.tunnel.connections >= 2, "it asked on a new connection");
});

Deno.test("start, remove: answer is forgotten by a tunnel → done once, without a word", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  /** Runs a verb by way of a tunnel that forgets the connection of this request; what the client printed. */
  const run = async (verb: Verb, job: string, request: string): Promise<string> => {
    const path = join(daemon.folder.path, `${verb}-socket`);
    await using tunnel = await ForgetfulTunnel.open(path, daemon.socket, request);
    const [args, { env, ...options }] = silently(PATIENT, verb, job);
    await using client = new LiveClient(daemon, args, { ...options, env: { ...env, TELEWORKER_SOCKET: path } });
    const { code, stdout, stderr } = await client.ended;
    deepEqual({ code, stderr }, { code: 0, stderr: "" });
    ok(tunnel.requests >= 2, "it was sent again");
    return stdout.trimEnd();
  };

  let id = "";
  await t.step("start", async () => {
    id = await run("start", "once", "POST /v1/jobs HTTP");
    using root = await Https.as(daemon, "root");
    const { jobs } = await (await root.send("GET", "/v1/jobs")).json();
    deepEqual(jobs.map((job: { id: string }) => job.id), [id]);
  });
  await t.step("remove", async () => {
    equal(await run("remove", id, "DELETE /v1/jobs/"), id);
    equal(await alice.status(`/v1/jobs/${id}`), 404);
  });
});

Deno.test("remove: there is no such job any more, at the first time → fails", async () => {
  const certs = await Deno.makeTempDir({ prefix: "tw-" });
  const job = aJob({ state: "exited", exitCode: 3 });
  try {
    await makeCertificates(certs);
    await using server = await scriptedServer(certs, (path, _connection, socket) => {
      if (path.startsWith("/v1/jobs?")) return socket.end(json({ jobs: [job], damaged: [], cursor: null }));
      socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    });
    await using client = new LiveClient({ address: server.address, certs }, ["remove", job.id]);
    equal((await client.ended).code, 1);
  } finally {
    await Deno.remove(certs, { recursive: true });
  }
});
