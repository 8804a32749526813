import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { connect, type Socket } from "node:net";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { type AuditLine, auditLines } from "./audit_line.ts";
import { RawConnection } from "./raw.ts";

/** Of a daemon that may have 192 descriptors: a third of them for connections, of which a quarter for its Unix socket. */
const DESCRIPTORS = 192;
const MOST = { tls: 48, unix: 16, handshakes: 12 };

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

Deno.test("nobody can have more than half of the connections, and so keep out the others", async () => {
  await withFew(async (daemon, lines) => {
    await using stack = new AsyncDisposableStack();
    const certificate = "client-eve";
    for (let number = 0; number < MOST.tls / 2; number++) {
      stack.use(await RawConnection.open(daemon, { certificate }));
    }
    for (let number = 0; number < MOST.tls; number++) {
      await using late = await RawConnection.open(daemon, { certificate });
      equal(await late.ended(), "");
    }
    await isServed(daemon);
    const refused = (await lines()).filter(({ event }) => event === "handshake");
    equal(refused.length, MOST.tls);
    for (const { allowed, subject, serial, reason } of refused) {
      deepEqual([allowed, subject, reason], [false, "eve", `There were ${MOST.tls / 2} connections of "eve"`]);
      match(serial ?? "", /^[0-9a-f]+$/);
    }
  });
});

Deno.test("when there are as many connections as may be, handshakes have to go, then new ones, each with a line", async () => {
  await withFew(async (daemon, lines) => {
    await using stack = new AsyncDisposableStack();
    const reasons = async () =>
      (await lines()).filter(({ event }) => event === "handshake").map(({ reason }) => reason);
    const mute = stack.use(await Mute.open(daemon, "127.0.0.2"));
    const open: RawConnection[] = [];
    while (open.length < MOST.tls) {
      const certificate = open.length % 2 === 0 ? "client-alice" : "client-bob";
      open.push(stack.use(await RawConnection.open(daemon, { certificate })));
    }
    await until("it had to go, with a line", async () => mute.over && (await reasons()).length > 0);
    deepEqual(await reasons(), [`There were more than ${MOST.tls} connections`]);
    await using late = await RawConnection.open(daemon);
    equal(await late.ended(), "");
    // The peer may know it first: TLS tells of its end when the connection below is gone.
    await until("both have a line", async () => (await reasons()).length > 1);
    deepEqual(await reasons(), Array(2).fill(`There were more than ${MOST.tls} connections`));
    for (const connection of open) {
      await connection.request("GET /healthz");
      await connection.said("ok");
    }
    await open[0]?.[Symbol.asyncDispose]();
    await until("there is room again", () => isServed(daemon).then(() => true, () => false));
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
