import { join } from "node:path";
import { connect, type Socket } from "node:net";
import { deepEqual, equal, match, ok } from "../../support/assert.ts";
import { Daemon } from "../../support/daemon.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { until } from "../../support/until.ts";
import { type AuditLine, auditLines } from "../log/audit_line.ts";
import { TestListener } from "./listener.ts";
import { RawConnection } from "./raw.ts";

/** Of a daemon that may have 192 descriptors: a third of them for connections, of which a quarter for its Unix socket, and a quarter of the rest for handshakes. */
const DESCRIPTORS = 192;
const MOST = { tls: 48, unix: 16, handshakes: 12, known: 36 };

/** Runs with such a daemon, on all addresses of loopback. */
async function withFew(run: (daemon: Daemon, lines: () => Promise<AuditLine[]>) => Promise<void>): Promise<void> {
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "audit.log");
  await using daemon = await Daemon.start({
    prefix: ["prlimit", `--nofile=${DESCRIPTORS}`],
    listen: "0.0.0.0:0",
    flags: ["--audit-log", path],
  });
  await run(daemon, () => auditLines(path));
}

/** A connection that never says a word. */
class Mute implements AsyncDisposable {
  over = false;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {}).once("close", () => this.over = true);
    // Without it the end would not be seen.
    socket.resume();
  }

  static async open(daemon: Daemon, from: string): Promise<Mute> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const port = Number(daemon.address.split(":")[1]);
    const socket = connect({ host: "127.0.0.1", port, localAddress: from }, resolve);
    socket.once("error", reject);
    const mute = new Mute(socket);
    await promise;
    return mute;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await until("it is closed", () => this.over);
  }
}

async function isServed(daemon: Daemon, certificate = "client-alice"): Promise<void> {
  await using connection = await RawConnection.open(daemon, { certificate });
  await connection.request("GET /healthz", "Connection: close");
  match(await connection.ended(), /^HTTP\/1.1 200 /);
}

Deno.test("handshakes of one address that stall keep out nobody at another, nor at the same, and are closed oldest first", async () => {
  await withFew(async (daemon, lines) => {
    await using stack = new AsyncDisposableStack();
    const few: Mute[] = [];
    const many: Mute[] = [];
    for (let number = 0; number < MOST.handshakes; number++) {
      few.push(stack.use(await Mute.open(daemon, "127.0.0.3")));
    }
    for (let number = 0; number < 5 * MOST.tls; number++) {
      many.push(stack.use(await Mute.open(daemon, "127.0.0.2")));
      if (number % 40 === 0) await isServed(daemon);
    }
    await until("all but its share are closed", () => many.slice(0, -MOST.handshakes).every(({ over }) => over));
    await isServed(daemon);
    // Those of others are not closed for that, and its newest neither.
    deepEqual([...few, ...many.slice(-MOST.handshakes)].filter(({ over }) => over), []);
    const closed = (await lines()).filter(({ event }) => event === "handshake");
    equal(closed.length, 60);
    for (const { reason = "", peer = "" } of closed) {
      match(reason, /^More than 12 connections of its address were in their handshake$/);
      match(peer, /^127\.0\.0\.2:\d+$/);
    }
    // Who shows a certificate gets in at the same address as well.
    for (let number = 0; number < 3 * MOST.handshakes; number++) {
      stack.use(await Mute.open(daemon, "127.0.0.1"));
      if (number % 6 === 0) await isServed(daemon);
    }
    await daemon.end();
    const { event, allowed, count = 0, since = "" } = (await lines()).findLast(({ count }) => count !== undefined) ??
      {};
    deepEqual([event, allowed], ["omitted", false]);
    // Those that still stalled at the end may be among them.
    ok(count >= 5 * MOST.tls - MOST.handshakes - 60, `${count}`);
    ok(since >= (closed.at(-1)?.time ?? "~"));
  });
});

Deno.test("known clients take no part in their address's share of handshakes", async () => {
  await withFew(async (daemon) => {
    await using stack = new AsyncDisposableStack();
    const open: RawConnection[] = [];
    for (let number = 0; number < 2 * MOST.handshakes; number++) open.push(stack.use(await RawConnection.open(daemon)));
    await isServed(daemon, "client-bob");
    for (const connection of open) {
      await connection.request("GET /healthz");
      await connection.said("ok");
    }
  });
});

Deno.test("clients with as many connections as may be keep out no other: the newest of whoever has the most goes", async () => {
  await withFew(async (daemon, lines) => {
    await using stack = new AsyncDisposableStack();
    const open: Record<"client-bob" | "client-eve", RawConnection[]> = { "client-bob": [], "client-eve": [] };
    const connect = async (certificate: keyof typeof open) => {
      const connection = stack.use(await RawConnection.open(daemon, { certificate }));
      await connection.request("GET /healthz");
      await Promise.race([connection.said("ok"), connection.ended()]).catch(() => {});
      open[certificate].push(connection);
    };
    // One alone can have all; then both have half, whatever each tries.
    for (let number = 0; number < MOST.known; number++) await connect("client-eve");
    for (let number = 0; number < MOST.known; number++) await connect("client-bob");
    for (let number = 0; number < MOST.known; number++) await connect("client-eve");
    const left = Object.values(open).map((connections) => connections.filter(({ over }) => !over));
    deepEqual(left.map(({ length }) => length), [MOST.known / 2, MOST.known / 2]);
    await isServed(daemon);
    await using alice = await RawConnection.open(daemon);
    await alice.request("GET /healthz");
    await alice.said("ok");
    for (let number = 0; number < MOST.known; number++) await connect("client-bob");
    equal(alice.over, false);
    // The oldest stayed, and are served.
    for (const connection of [open["client-eve"][0], open["client-bob"][0]]) {
      await connection?.request("GET /v1/version");
      await connection?.said("controllers");
    }
    const heard = await lines();
    const refused = heard.filter(({ event }) => event === "handshake");
    for (const { allowed, subject = "", serial, reason } of refused) {
      const name = subject.slice(0, 3);
      deepEqual([allowed, reason], [false, `There were ${MOST.known} connections, 18 of them of "${name}"`]);
      match(serial ?? "", /^[0-9a-f]+$/);
    }
    const closed = heard.filter(({ event }) => event === "closed");
    deepEqual(closed.slice(0, MOST.known / 2).map(({ name }) => name), Array(MOST.known / 2).fill("eve"));
    match(closed[0]?.reason ?? "", /^One more client came, and of 36 connections this one had the most$/);
  });
});

Deno.test("one client has no more connections than one may, however many are left", async () => {
  await using test = await TestListener.start(() => Promise.resolve(new Response("ok")));
  await using stack = new AsyncDisposableStack();
  for (let number = 0; number < 70; number++) stack.use(await RawConnection.open(test));
  await using late = await RawConnection.open(test);
  match(await late.ended(), /^HTTP\/1\.1 503 [^]*"There were 70 connections of \\"alice\\""/);
  await using bob = await RawConnection.open(test, { certificate: "client-bob" });
  await bob.request("GET /");
  await bob.said("ok");
  const [line] = await auditLines(join(test.certs, "audit.log"));
  deepEqual([line?.event, line?.reason], ["handshake", 'There were 70 connections of "alice"']);
});

Deno.test("when there are as many connections as may be, handshakes have to go, each with a line", async () => {
  await withFew(async (daemon, lines) => {
    await using stack = new AsyncDisposableStack();
    const open: RawConnection[] = [];
    while (open.length < MOST.known) open.push(stack.use(await RawConnection.open(daemon)));
    const mutes: Mute[] = [];
    for (let number = 0; number <= MOST.tls - MOST.known; number++) {
      mutes.push(stack.use(await Mute.open(daemon, `127.0.0.${2 + (number % 3)}`)));
    }
    const reasons = async () =>
      (await lines()).filter(({ event }) => event === "handshake").map(({ reason }) => reason);
    await until(
      "the oldest had to go, with a line",
      async () => mutes[0]?.over === true && (await reasons()).length > 0,
    );
    deepEqual(await reasons(), [`There were more than ${MOST.tls} connections`]);
    equal(mutes.filter(({ over }) => over).length, 1);
    await isServed(daemon, "client-bob");
    for (const connection of open.slice(0, -1)) {
      await connection.request("GET /healthz");
      await connection.said("ok");
    }
  });
});

Deno.test("one connection too many at the Unix socket is closed with a line, and the socket stays the same", async () => {
  await withFew(async (daemon, lines) => {
    using stack = new DisposableStack();
    const connect = async () => stack.use(await Deno.connect({ transport: "unix", path: daemon.socket }));
    for (let number = 0; number < MOST.unix; number++) await connect();
    equal(await (await connect()).read(new Uint8Array(1)).catch(() => null), null);
    ok((await lines()).length > 0);
    // It looks every five seconds whether anyone is let in, and must not take the limit for the opposite.
    await until("it has looked", async () => (await lines()).length > 1);
    for (const { event, allowed, peer, reason } of await lines()) {
      deepEqual([event, allowed, peer, reason], ["handshake", false, "unix", `There were ${MOST.unix} connections`]);
    }
    equal(daemon.log.includes("listening anew"), false, daemon.log);
  });
});
