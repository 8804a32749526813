import { connect } from "node:net";
import { join } from "node:path";
import { deepEqual, equal, ok, rejects } from "../../support/assert.ts";
import { issueClientCertificate } from "../../../lib/pki/client_certificate.ts";
import { readCredential } from "../../../lib/pki/read_credential.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";
import { until } from "../../support/until.ts";
import { RawConnection } from "./raw.ts";

async function worksFor(daemon: Daemon, name = "alice"): Promise<void> {
  using https = await Https.as(daemon, name);
  const response = await https.send("GET", "/healthz");
  deepEqual([response.status, await response.json()], [200, { status: "ok" }]);
}

Deno.test("who has no certificate of the daemon's authority for clients gets nothing", async (t) => {
  await using daemon = await Daemon.start();
  const strangers = join(daemon.folder.path, "strangers");
  await makeCertificates(strangers);
  const authority = await readCredential({
    certificate: join(daemon.certs, "ca.pem"),
    privateKey: join(daemon.certs, "ca-key.pem"),
  });
  for (const name of ["local", "teleworkerd"]) {
    const { certificatePem, privateKeyPem } = await issueClientCertificate(authority, name, { role: "user" });
    await Deno.writeTextFile(join(strangers, `client-${name}.pem`), certificatePem);
    await Deno.writeTextFile(join(strangers, `client-${name}-key.pem`), privateKeyPem);
  }

  const refused = {
    "no certificate": { certificate: null },
    "a stranger's certificate of the same name": { certs: strangers },
    "a stranger's admin": { certs: strangers, certificate: "client-root" },
    "TLS 1.2": { maxVersion: "TLSv1.2" },
    "the server's own certificate": { certificate: "server" },
    "the authority's certificate": { certificate: "ca" },
    "a stranger's authority": { certs: strangers, certificate: "ca" },
    "a certificate of the name that is kept for the Unix socket": { certs: strangers, certificate: "client-local" },
    "a certificate of the name that is kept for the daemon": { certs: strangers, certificate: "client-teleworkerd" },
  } as const;
  for (const [who, options] of Object.entries(refused)) {
    await t.step(who, async () => {
      await using connection = await RawConnection.open(daemon, options);
      await connection.request("GET /healthz", "Connection: close");
      equal(await connection.ended(), "");
      await worksFor(daemon);
    });
  }
  await t.step("plain HTTP", async () => {
    const [hostname = "", port = ""] = daemon.address.split(":");
    const connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(new TextEncoder().encode("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    const answer = await new Response(connection.readable).text().catch(() => "");
    equal(/HTTP|status/.test(answer), false, answer);
    await worksFor(daemon);
  });
  await t.step("while all others get in, in the same way", async () => {
    await using connection = await RawConnection.open(daemon);
    await connection.request("GET /healthz", "Connection: close");
    ok((await connection.ended()).startsWith("HTTP/1.1 200 "));
    for (const name of ["root", "alice", "bob", "eve"]) await worksFor(daemon, name);
  });
});

Deno.test("a server that its authority does not vouch for is refused by clients", async () => {
  await using daemon = await Daemon.start();
  const strangers = join(daemon.folder.path, "strangers");
  await makeCertificates(strangers);
  await Deno.copyFile(join(strangers, "ca.pem"), join(daemon.certs, "ca.pem"));
  await rejects(worksFor(daemon));
});

Deno.test("the daemon listens on its port and its Unix socket and on nothing else, also while it serves", async () => {
  await using daemon = await Daemon.start();
  await using connection = await RawConnection.open(daemon);
  await connection.request("GET /healthz");
  await connection.said("ok");
  const [, port] = daemon.address.split(":");
  const listening = { tcp: listenersOf(daemon.pid), unix: unixListenersOf(daemon.pid) };
  deepEqual(listening, { tcp: [Number(port)], unix: [daemon.socket] });
  equal(["udp", "udp6", "raw", "raw6"].some((table) => inodesIn(daemon.pid, table)), false);
});

/** TCP ports on which a process listens: its sockets' inodes among those of proc_net_tcp(5) in state 0A. */
function listenersOf(pid: number): number[] {
  const inodes = socketsOf(pid);
  const lines = ["tcp", "tcp6"].flatMap((name) =>
    Deno.readTextFileSync(`/proc/${pid}/net/${name}`).split("\n").slice(1)
  );
  return lines.map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode = ""]) => state === "0A" && inodes.has(inode))
    .map(([, local = ""]) => parseInt(local.split(":")[1] ?? "", 16));
}

/** Paths of the Unix sockets on which a process listens: proc_net_unix(5), those with the flag `__SO_ACCEPTCON`. */
function unixListenersOf(pid: number): string[] {
  const inodes = socketsOf(pid);
  const lines = Deno.readTextFileSync(`/proc/${pid}/net/unix`).split("\n").slice(1).map((line) =>
    line.trim().split(/\s+/)
  );
  return lines.filter(([, , , flags = "0", , , inode = ""]) =>
    (parseInt(flags, 16) & 0x10000) !== 0 && inodes.has(inode)
  )
    .map((fields) => fields[7] ?? "");
}

/** Whether a process has a socket in one of the tables of /proc/PID/net in which no socket listens, but all receive. */
function inodesIn(pid: number, table: string): boolean {
  const inodes = socketsOf(pid);
  const lines = Deno.readTextFileSync(`/proc/${pid}/net/${table}`).split("\n").slice(1);
  return lines.some((line) => inodes.has(line.trim().split(/\s+/)[9] ?? ""));
}

function socketsOf(pid: number): ReadonlySet<string> {
  const inodes = new Set<string>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${name}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    } catch (error) {
      // It was closed meanwhile.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return inodes;
}

Deno.test("a thousand clients that connect and leave during the handshake leave nothing behind", async () => {
  await using daemon = await Daemon.start();
  await worksFor(daemon);
  const descriptors = () => [...Deno.readDirSync(`/proc/${daemon.pid}/fd`)].length;
  const before = descriptors();
  const [host = "", port = ""] = daemon.address.split(":");
  // The beginning of a handshake (RFC 8446, 5.1) that announces more than comes.
  const hello = new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]);
  const visit = (number: number) =>
    new Promise<void>((resolve) => {
      const socket = connect({ host, port: Number(port) }, () => {
        if (number % 4 === 0) return socket.destroy();
        if (number % 4 === 1) return socket.resetAndDestroy();
        socket.write(number % 4 === 2 ? hello : "GET / HTTP/1.1\r\n\r\n", () => socket.destroy());
      });
      socket.on("error", () => {});
      socket.once("close", () => resolve());
    });
  for (let batch = 0; batch < 10; batch++) {
    await Promise.all(Array.from({ length: 100 }, (_, number) => visit(number)));
  }
  await worksFor(daemon);
  await until("the daemon has closed all connections", () => descriptors() <= before + 1);
});

Deno.test("clients that leave as soon as they are let in leave nothing behind", async () => {
  await using daemon = await Daemon.start();
  await worksFor(daemon);
  const descriptors = () => [...Deno.readDirSync(`/proc/${daemon.pid}/fd`)].length;
  const before = descriptors();
  for (let batch = 0; batch < 5; batch++) {
    await Promise.all(Array.from({ length: 20 }, async (_, number) => {
      await using connection = await RawConnection.open(daemon);
      if (number % 2 === 0) await connection.request("GET /v1/jobs");
    }));
  }
  await worksFor(daemon);
  await until("the daemon has closed all connections", () => descriptors() <= before + 1);
});

Deno.test("half a request holds up nobody else", async () => {
  await using daemon = await Daemon.start();
  const halves = [
    "G",
    "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Le",
    "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
    "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{",
  ];
  {
    await using stack = new AsyncDisposableStack();
    for (const half of halves) {
      const connection = stack.use(await RawConnection.open(daemon));
      await connection.send(half);
    }
    await worksFor(daemon);
    await worksFor(daemon, "bob");
  }
  await worksFor(daemon);
  using https = await Https.as(daemon, "alice");
  equal((await https.start({ command: "true", args: [] })).owner, "alice");
});

Deno.test("who begins a handshake or a request and says no more is cut off in the end", async () => {
  await using daemon = await Daemon.start();
  await using half = await RawConnection.open(daemon);
  await half.send("GET /healthz HTTP/1.1\r\nHost: loc");
  // One that sends a little now and then gets no more time for that.
  await using dripping = await RawConnection.open(daemon);
  await dripping.send("GET /healthz HTTP/1.1\r\n");
  const drip = setInterval(() => void dripping.send("X-Header: x\r\n"), 1000);
  const [hostname = "", port = ""] = daemon.address.split(":");
  const mute = await Deno.connect({ hostname, port: Number(port) });
  try {
    await Promise.all([half.ended(), dripping.ended(), new Response(mute.readable).bytes().catch(() => {})]);
  } finally {
    clearInterval(drip);
  }
  for (const { received } of [half, dripping]) ok(received.startsWith("HTTP/1.1 408 "), received);
  await worksFor(daemon);
});

Deno.test("two thousand connections without a handshake hold up nobody else", async () => {
  await using daemon = await Daemon.start();
  const [hostname = "", port = ""] = daemon.address.split(":");
  const open: Deno.Conn[] = [];
  try {
    for (let batch = 0; batch < 20; batch++) {
      open.push(
        ...await Promise.all(Array.from({ length: 100 }, () => Deno.connect({ hostname, port: Number(port) }))),
      );
    }
    for (let turn = 0; turn < 10; turn++) await worksFor(daemon);
  } finally {
    for (const connection of open) connection.close();
  }
});

Deno.test("a flood of connections that takes all descriptors keeps nobody out once it is over", async () => {
  await using daemon = await Daemon.start();
  await worksFor(daemon);
  const { success } = await new Deno.Command("prlimit", { args: [`--pid=${daemon.pid}`, "--nofile=150:150"] }).output();
  ok(success);
  const [hostname = "", port = ""] = daemon.address.split(":");
  const open = await Promise.all(Array.from({ length: 200 }, () => Deno.connect({ hostname, port: Number(port) })));
  try {
    await until(
      "the daemon has no descriptor left",
      () => [...Deno.readDirSync(`/proc/${daemon.pid}/fd`)].length >= 150,
    );
  } finally {
    for (const connection of open) connection.close();
  }
  await worksFor(daemon);
});
