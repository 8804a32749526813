import { join } from "node:path";
import { deepEqual, equal, match, notEqual, ok, rejects } from "../../support/assert.ts";
import { revoke } from "../../../lib/pki/revoke.ts";
import { escapeJson } from "../../../lib/base/escape_terminal.ts";
import { replaceCertificate } from "../../client/signed_certificate.ts";
import { Daemon } from "../../support/daemon.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { Https } from "../../support/https.ts";
import { until } from "../../support/until.ts";
import { type AuditLine, auditLines } from "./audit_line.ts";
import { problemOf } from "../problem.ts";
import { RawConnection } from "../transport/raw.ts";

/** A daemon with an audit log. */
async function withAudit(
  flags: readonly string[],
  run: (daemon: Daemon, path: string) => Promise<void>,
): Promise<void> {
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "audit.log");
  await using daemon = await Daemon.start({ flags: ["--audit-log", path, ...flags] });
  await run(daemon, path);
}

Deno.test("the audit log has a line for each decision and for what came of it", async () => {
  await withAudit([], async (daemon, path) => {
    equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    using alice = await Https.as(daemon, "alice");
    using bob = await Https.as(daemon, "bob");
    using eve = await Https.as(daemon, "eve");
    const { id } = await alice.start({ command: "sleep", args: ["1000", "secret"] });
    equal(await alice.status(`/v1/jobs/${id}`), 200);
    await problemOf(await bob.send("GET", `/v1/jobs/${id}`), 404);
    await problemOf(await bob.send("GET", `/v1/jobs/${"x".repeat(200)}`), 404);
    await problemOf(await eve.send("POST", `/v1/jobs/${id}/stop`), 403);
    await problemOf(await alice.send("POST", "/v1/jobs", { command: "true", nonsense: 1 }), 400);
    await problemOf(await alice.send("POST", "/v1/jobs", '{"command":"a","args":["secret",oops]}'), 400);
    await problemOf(await alice.send("PATCH", "/v1/jobs"), 404);
    await (await alice.send("POST", `/v1/jobs/${id}/stop`, { graceSeconds: 0 })).body?.cancel();
    equal((await alice.send("DELETE", `/v1/jobs/${id}`)).status, 204);

    const lines = await auditLines(path);
    const told = lines.map(({ event, allowed, route, name, role, job, status, reason }) =>
      [event, allowed, route, name, role, job, status, reason].map((value) => value ?? "").join(" ").trim()
    );
    deepEqual(told, [
      "decision true start alice operator",
      `outcome true start alice operator ${id} 201`,
      `decision true status alice operator ${id}`,
      `decision false status bob operator ${id}  The job is another's`,
      `decision false status bob operator ${"x".repeat(64)}  There is no such job`,
      `decision false stop eve user ${id}  The role "user" may not`,
      "decision true start alice operator",
      'outcome true start alice operator  400 Cannot read the body: Unrecognized key: "nonsense"',
      "decision true start alice operator",
      "outcome true start alice operator  400 Cannot read the body: it is not JSON",
      "decision false  alice operator  404 There is no PATCH /v1/jobs",
      `decision true stop alice operator ${id}`,
      `outcome true stop alice operator ${id} 200`,
      `decision true remove alice operator ${id}`,
      `outcome true remove alice operator ${id} 204`,
    ]);
    for (const { peer, serial } of lines) {
      match(peer ?? "", /^127\.0\.0\.1:\d+$/);
      match(serial ?? "", /^[1-9a-f][0-9a-f]*$/);
    }
    const started = lines.find(({ status }) => status === 201);
    deepEqual([started?.command, started?.args, started?.argsHash], ["sleep", undefined, undefined]);
    equal((await Deno.readTextFile(path)).includes("secret"), false);

    using local = Deno.createHttpClient({ proxy: { transport: "unix", path: daemon.socket } });
    await (await fetch("http://localhost/v1/jobs", { client: local })).body?.cancel();
    const { name, role, serial, peer } = (await auditLines(path)).at(-1) ?? {};
    deepEqual({ name, role, serial, peer }, { name: "local", role: "admin", serial: null, peer: "unix" });
  });
});

Deno.test("the audit log has a line for what the daemon does to jobs by itself", async () => {
  await withAudit(["--keep-jobs", "1"], async (daemon, path) => {
    using alice = await Https.as(daemon, "alice");
    const old = await alice.start({ command: "sleep", args: ["1000"], timeoutSeconds: 0.3 });
    await alice.wait(old.id);
    await alice.wait((await alice.start({ command: "true", args: [] })).id);
    await daemon.end();
    // It looks for what is not to be kept when it starts.
    await daemon.run();
    const lines = await until("the old job is gone", async () => {
      const own = (await auditLines(path)).filter(({ name }) => name === "teleworkerd");
      return own.length >= 2 ? own : null;
    });
    const what = { event: "outcome", allowed: true, job: old.id, owner: "alice", name: "teleworkerd" };
    deepEqual(lines.map(({ time: _, ...line }) => line), [
      { ...what, route: "stop", reason: "It ran past its timeout of 0.3 s" },
      { ...what, route: "remove", reason: "Only the newest 1 ended jobs are kept" },
    ]);
  });
});

Deno.test("the audit log has a line for each connection that is not let in", async () => {
  await withAudit([], async (daemon, path) => {
    for (const certificate of [null, "server", "ca"]) {
      await using connection = await RawConnection.open(daemon, { certificate });
      await connection.ended();
    }
    const lines = await until("all are there", async () => {
      const lines = await auditLines(path);
      return lines.length >= 3 ? lines : null;
    });
    equal(lines.length, 3);
    for (const { event, allowed, peer, reason } of lines) {
      deepEqual([event, allowed], ["handshake", false]);
      match(peer ?? "", /^127\.0\.0\.1:\d+$/);
      notEqual(reason ?? "", "");
    }
    // The others did not come as far as to show theirs.
    const authority = lines.find(({ subject }) => subject === "Teleworker CA");
    match(authority?.reason ?? "", /it belongs to a certificate authority/);
    match(authority?.serial ?? "", /^[0-9a-f]+$/);
  });
});

Deno.test("the audit log has a line for each connection that is closed because its certificate was revoked", async () => {
  await withAudit([], async (daemon, path) => {
    await using one = await RawConnection.open(daemon);
    await using other = await RawConnection.open(daemon);
    for (const connection of [one, other]) {
      await connection.request("GET /healthz");
      await connection.said("ok");
    }
    await revoke(daemon.certs, "alice");
    await Promise.all([one.ended(), other.ended()]);
    await using late = await RawConnection.open(daemon);
    await late.ended();
    const lines = (await auditLines(path)).filter(({ event }) => event !== "decision");
    deepEqual(lines.map(({ event, name, subject }) => [event, name ?? subject]), [
      ["closed", "alice"],
      ["closed", "alice"],
      ["handshake", "alice"],
    ]);
    for (const { reason } of lines) match(reason ?? "", /it was revoked$/);
    equal(new Set(lines.map(({ serial }) => serial)).size, 1);
    equal(new Set(lines.map(({ peer }) => peer)).size, 3);
  });
});

Deno.test("a connection is closed when its certificate expires, and the audit log says so", async () => {
  await withAudit([], async (daemon, path) => {
    // Valid for five seconds more.
    await replaceCertificate(daemon.certs, "client-alice", -2 + 5 / 3600);
    await using connection = await RawConnection.open(daemon);
    await connection.request("GET /healthz");
    match(await connection.ended(), /^HTTP\/1\.1 200 /);
    const { event, allowed, name, reason = "" } = (await auditLines(path)).at(-1) ?? {};
    deepEqual({ event, allowed, name }, { event: "closed", allowed: false, name: "alice" });
    match(reason, /it has expired at \d/);
  });
});

Deno.test("arguments are in the audit log as a keyed hash or whole, where it is asked for", async () => {
  const started = async (how: string) => {
    let lines: AuditLine[] = [];
    await withAudit(["--audit-args", how], async (daemon, path) => {
      using alice = await Https.as(daemon, "alice");
      for (const args of [["a b"], ["a b"], ["a", "b\u009b\u202e\u2028\u0007"]]) {
        await alice.start({ command: "true", args });
      }
      lines = (await auditLines(path)).filter(({ event }) => event === "outcome");
      // Nothing that a terminal would obey.
      ok(/^[\x20-\x7e\n]*$/.test(await Deno.readTextFile(path)));
    });
    return lines;
  };
  const [full, hashed, again] = await Promise.all([started("full"), started("hash"), started("hash")]);
  deepEqual(full.map(({ args }) => args), [["a b"], ["a b"], ["a", "b\u009b\u202e\u2028\u0007"]]);
  const [one, same, other] = hashed.map(({ argsHash }) => argsHash);
  match(one ?? "", /^[0-9a-f]{64}$/);
  deepEqual([one === same, one === other, again[0]?.argsHash === one], [true, false, false]);
  deepEqual(hashed.map(({ args }) => args), [undefined, undefined, undefined]);
});

Deno.test("SIGHUP opens the audit log anew, and nothing is lost", async () => {
  await withAudit([], async (daemon, path) => {
    using alice = await Https.as(daemon, "alice");
    await alice.status("/healthz");
    await Deno.rename(path, `${path}.1`);
    await alice.status("/v1/version");
    daemon.signal("SIGHUP");
    await until("it is there", () => Deno.stat(path).catch(() => null));
    await alice.status("/v1/jobs");
    const routes = async (file: string) => (await auditLines(file)).map(({ route }) => route);
    deepEqual(await routes(`${path}.1`), ["health", "version"]);
    deepEqual(await routes(path), ["list"]);
    equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    // What was there is kept by the next daemon.
    await daemon.end();
    await daemon.run();
    using again = await Https.as(daemon, "alice");
    await again.status("/healthz");
    deepEqual(await routes(path), ["list", "health"]);
  });
});

Deno.test("a daemon whose audit log is open to others says so once", async () => {
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "audit.log");
  await Deno.writeTextFile(path, "");
  await Deno.chmod(path, 0o644);
  await using daemon = await Daemon.start({ flags: ["--audit-log", path] });
  await daemon.logged(/Others have access to the audit log; run: chmod o= .*audit\.log/);
  daemon.signal("SIGHUP");
  using alice = await Https.as(daemon, "alice");
  equal(await alice.status("/healthz"), 200);
  await daemon.end();
  equal(daemon.log.split("Others have access").length - 1, 1, daemon.log);
  equal((await auditLines(path)).length, 1);
});

Deno.test("a daemon whose audit log cannot be written goes on, and says so once", async () => {
  await using daemon = await Daemon.start({ flags: ["--audit-log", "/dev/full"] });
  using alice = await Https.as(daemon, "alice");
  for (let turn = 0; turn < 5; turn++) equal(await alice.status("/healthz"), 200);
  await daemon.end();
  equal(daemon.log.split("Cannot write the audit log").length - 1, 1, daemon.log);
});

Deno.test("a daemon whose audit log cannot be opened does not start", async () => {
  await rejects(
    Daemon.start({ flags: ["--audit-log", "/no/such/folder/log"] }),
    /Cannot open the audit log "\/no\/such/,
  );
});

Deno.test("an idle look at jobs does not show in the ordinary log", async () => {
  await withAudit([], async (daemon) => {
    // What it says at its start comes beside its address.
    await daemon.logged(/"message":"Version [^\n]*\n/);
    const from = daemon.log.length;
    {
      using alice = await Https.as(daemon, "alice");
      for (let turn = 0; turn < 20; turn++) equal(await alice.status("/v1/jobs"), 200);
    }
    await daemon.end();
    match(daemon.log.slice(from), /^[^\n]*"Ending; jobs go on"[^\n]*\n$/);
  });
});

Deno.test("escapeJson escapes what terminals obey, and JSON means the same", () => {
  const text = "a\x1b[31m\x7f\x9b\u202e\u2066\u200b\u2028\u{e0041}é漢😀";
  const escaped = escapeJson(JSON.stringify(text));
  equal(JSON.parse(escaped), text);
  ok(/^[\x20-\x7eé漢😀]*$/u.test(escaped), escaped);
});
