import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { BasicConstraintsExtension } from "@peculiar/x509";
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { join } from "node:path";
import { revoke } from "../../lib/pki/revoke.ts";
import { makeCredential } from "../pki/make_certificate.ts";
import { Daemon } from "../support/daemon.ts";
import { makeCertificates } from "../support/certificates.ts";
import { Https } from "../support/https.ts";
import { OpensslRevocations } from "../support/openssl_authority.ts";
import { until } from "../support/until.ts";
import { RawConnection } from "./raw.ts";

/** Puts a file in the place of another in one step. */
async function replace(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
  await Deno.rename(`${path}.new`, path);
}

/** Whether a client with certificates from `certs`, which trusts what is there, is answered on a new connection. */
async function worksFor(daemon: Daemon, name: string, certs = daemon.certs): Promise<boolean> {
  using https = await Https.as({ address: daemon.address, certs }, name);
  try {
    return await https.status("/healthz") === 200;
  } catch {
    return false;
  }
}

async function strangersOf(daemon: Daemon): Promise<{ certs: string; read: (file: string) => Promise<string> }> {
  const certs = join(daemon.folder.path, "strangers");
  await makeCertificates(certs);
  return { certs, read: (file) => Deno.readTextFile(join(certs, file)) };
}

Deno.test("a server's certificate and key that are replaced one after the other are used, and no connection is dropped", async () => {
  await using daemon = await Daemon.start();
  const { certs, read } = await strangersOf(daemon);
  const file = (name: string) => join(daemon.certs, name);
  await using idle = await RawConnection.open(daemon);
  await idle.request("GET /healthz");
  await idle.said("ok");
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sh", args: ["-c", "echo begun; exec sleep 1000"] });
  const follower = (await alice.send("GET", `/v1/jobs/${id}/stdout?follow=true`)).body?.getReader();
  equal(new TextDecoder().decode((await follower?.read())?.value), "begun\n");

  await replace(file("server.pem"), await read("server.pem"));
  // Longer than it takes to look: the pair does not match meanwhile, and the old one serves.
  const begun = performance.now();
  await until("a second has passed", async () => {
    equal(await worksFor(daemon, "alice"), true);
    return performance.now() - begun > 1000;
  });
  await replace(file("server-key.pem"), await read("server-key.pem"));
  await replace(file("ca.pem"), await Deno.readTextFile(file("ca.pem")) + await read("ca.pem"));
  // Who trusts only the strangers' authority gets in, by a certificate of either authority.
  await until("the new certificate is used", () => worksFor(daemon, "root", certs));
  await idle.request("GET /v1/version");
  await idle.said("controllers");
  equal(await alice.status(`/v1/jobs/${id}`), 200);
  await follower?.cancel();
  equal(daemon.log.includes("Refused a change"), false, daemon.log);
});

Deno.test("two authorities in ca.pem let one take the other's place; who has the old one's certificate is out then", async () => {
  await using daemon = await Daemon.start();
  const { certs, read } = await strangersOf(daemon);
  const ca = join(daemon.certs, "ca.pem");
  const old = await Deno.readTextFile(ca);
  // Clients trust the server by the old one all the time.
  const client = join(certs, "both");
  await Deno.mkdir(client);
  for (const name of ["client-bob.pem", "client-bob-key.pem"]) {
    await Deno.writeTextFile(join(client, name), await read(name));
  }
  await Deno.writeTextFile(join(client, "ca.pem"), old);
  equal(await worksFor(daemon, "bob", client), false);
  await replace(ca, `${old}\n${await read("ca.pem")}`);
  await until("the new authority's client gets in", () => worksFor(daemon, "bob", client));

  // Of both, an open connection each.
  const aliceCerts = join(certs, "alice");
  await Deno.mkdir(aliceCerts);
  for (const name of ["client-alice.pem", "client-alice-key.pem", "ca.pem"]) {
    await Deno.copyFile(join(daemon.certs, name), join(aliceCerts, name));
  }
  await Deno.writeTextFile(join(aliceCerts, "ca.pem"), old);
  const alices = { address: daemon.address, certs: aliceCerts };
  const bobs = { address: daemon.address, certs: client };
  await using alice = await RawConnection.open(alices);
  await using bob = await RawConnection.open(bobs, { certificate: "client-bob" });
  for (const connection of [alice, bob]) {
    await connection.request("GET /healthz");
    await connection.said("ok");
  }
  await replace(ca, await read("ca.pem"));
  await alice.ended();
  await bob.request("GET /v1/version");
  await bob.said("controllers");
  equal(await worksFor(daemon, "alice", aliceCerts), false);
  equal(await worksFor(daemon, "bob", client), true);
  match(daemon.log, /Closed a connection of \\?"?alice/);
});

Deno.test("what is broken is refused, said once, and the old goes on, until it is good or SIGHUP finds it so", async () => {
  await using daemon = await Daemon.start();
  const { read } = await strangersOf(daemon);
  const broken: readonly (readonly [string, string, RegExp])[] = [
    ["ca.pem", "not a certificate", /Cannot read trusted authorities/],
    ["ca.pem", await Deno.readTextFile(join(daemon.certs, "client-alice.pem")), /Cannot trust .*alice/],
    ["server.pem", await read("server.pem"), /Cannot use the private key/],
    ["server-key.pem", "", /Cannot use the private key/],
    ["crl.pem", "", /there is none in the file/],
    ["crl.pem", await Deno.readTextFile(join(daemon.certs, "ca.pem")), /is no revocation list/],
  ];
  for (const [name, text, message] of broken) {
    const path = join(daemon.certs, name);
    const before = await Deno.readTextFile(path).catch(() => null);
    const from = daemon.log.length;
    const said = () => daemon.log.slice(from).split("\n").filter((line) => line.includes("Refused a change"));
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    await until(`it is said of ${name}`, () => said().length > 0);
    match(said()[0] ?? "", message);
    daemon.signal("SIGHUP");
    // The look of the signal is behind this one, which takes a handshake and ten times as long.
    for (let turn = 0; turn < 10; turn++) equal(await worksFor(daemon, "alice", await trusting(daemon)), true, name);
    equal(said().length, 1);
    if (before === null) await Deno.remove(path);
    else await replace(path, before);
    await until("it is good again", () => daemon.log.slice(from).includes("The certificates are good again"));
  }
  deepEqual(await daemon.end(), { success: true, code: 0, signal: null });
});

/** A folder with alice's certificate and the authority of the daemon's first start. */
async function trusting(daemon: Daemon): Promise<string> {
  const folder = join(daemon.folder.path, "trusting");
  await Deno.mkdir(folder, { recursive: true });
  for (const name of ["client-alice.pem", "client-alice-key.pem"]) {
    await Deno.copyFile(join(daemon.certs, name), join(folder, name));
  }
  const ca = join(folder, "ca.pem");
  if (await Deno.stat(ca).catch(() => null) === null) await Deno.writeTextFile(ca, daemon.authority);
  return folder;
}

Deno.test("a revoked certificate is out at once: on new connections, on open ones, and as a follower", async () => {
  await using daemon = await Daemon.start();
  const revocations = await OpensslRevocations.create(join(daemon.folder.path, "openssl"), daemon.certs);
  const crl = join(daemon.certs, "crl.pem");
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "bob");
  const { id } = await bob.start({ command: "sh", args: ["-c", "echo begun; exec sleep 1000"] });
  const follower = (await bob.send("GET", `/v1/jobs/${id}/stdout?follow=true`)).body?.getReader();
  equal(new TextDecoder().decode((await follower?.read())?.value), "begun\n");
  const broken = rejects(async () => await follower?.read());
  await using open = await RawConnection.open(daemon);
  await using bobs = await RawConnection.open(daemon, { certificate: "client-bob" });

  // A list without entries that comes later than the daemon, then one with bob.
  await replace(crl, await revocations.list());
  await until("the list is there", () => /Took in a change of .*revoked certificates/.test(daemon.log));
  equal(await worksFor(daemon, "bob"), true);
  await revocations.revoke("bob");
  await replace(crl, await revocations.list());
  await Promise.all([broken, bobs.ended()]);
  equal(await worksFor(daemon, "bob"), false);
  equal(await worksFor(daemon, "alice"), true);
  await open.request("GET /healthz");
  await open.said("ok");
  equal((await alice.start({ command: "true", args: [] })).owner, "alice");

  // A list that has gone, one of another authority, and one that is over change nothing.
  await Deno.remove(crl);
  await until("it is said", () => daemon.log.includes("it has gone; what was revoked stays so"));
  equal(await worksFor(daemon, "bob"), false);
  const { certs } = await strangersOf(daemon);
  const strangers = await OpensslRevocations.create(join(daemon.folder.path, "others"), certs);
  await replace(crl, await strangers.list());
  await until("it is said", () => daemon.log.includes("its signature is wrong"));
  equal(await worksFor(daemon, "bob"), false);
  await replace(crl, await revocations.list("-crlsec", "1"));
  await until("it is over", () => daemon.log.includes("should have been replaced by"));
  equal(await worksFor(daemon, "bob"), false);
  equal(await worksFor(daemon, "alice"), true);

  // The next daemon begins with it; and with none that it cannot use.
  await daemon.end();
  await daemon.run();
  equal(await worksFor(daemon, "bob"), false);
  equal(await worksFor(daemon, "alice"), true);
  await daemon.end();
  await replace(crl, await strangers.list());
  await rejects(daemon.run(), /Cannot use revocation list of .*: its signature is wrong/);
});

/** A client folder in which the clients of two others are `old-NAME` and `new-NAME`, and trust both authorities. */
async function clientsOf(folder: string, old: string, young: string): Promise<string> {
  await Deno.mkdir(folder);
  for (const [prefix, certs] of [["old", old], ["new", young]] as const) {
    for (const name of ["alice", "bob", "eve"]) {
      for (const end of [".pem", "-key.pem"]) {
        await Deno.copyFile(join(certs, `client-${name}${end}`), join(folder, `client-${prefix}-${name}${end}`));
      }
    }
  }
  await Deno.writeTextFile(join(folder, "ca.pem"), await textOf(join(old, "ca.pem"), join(young, "ca.pem")));
  return folder;
}

/** The texts of files, those that are there, one after the other. */
async function textOf(...paths: readonly string[]): Promise<string> {
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(path).catch(() => "")));
  return texts.join("");
}

Deno.test("a new authority takes an old one's place step by step, and at each both its lists and a start are good", async () => {
  await using daemon = await Daemon.start();
  const at = (...names: string[]) => join(daemon.folder.path, ...names);
  const [old, young] = [at("old"), at("new")];
  await Deno.mkdir(old);
  for (const { name, isFile } of [...Deno.readDirSync(daemon.certs)]) {
    if (isFile) await Deno.copyFile(join(daemon.certs, name), join(old, name));
  }
  await makeCertificates(young);
  const clients = await clientsOf(at("clients"), old, young);
  const put = async (file: string, ...folders: string[]) =>
    await replace(join(daemon.certs, file), await textOf(...folders.map((folder) => join(folder, file))));
  /** Waits until these get in, and the others do not; and looks again after a start. */
  const inside = async (...expected: string[]) => {
    const look = async () => {
      const names = ["old-alice", "old-bob", "old-eve", "new-alice", "new-bob", "new-eve"];
      const works = await Promise.all(names.map((name) => worksFor(daemon, name, clients)));
      return names.filter((_, index) => works[index] === true).join();
    };
    await until(`${expected} get in`, async () => await look() === expected.join());
    await daemon.end();
    await daemon.run();
    equal(await look(), expected.join());
  };

  await revoke(old, "alice");
  await put("crl.pem", old);
  await inside("old-bob", "old-eve");

  // Both authorities, whose names are the same, with the list of one and then of both.
  await put("ca.pem", old, young);
  await inside("old-bob", "old-eve", "new-alice", "new-bob", "new-eve");
  await revoke(young, "eve");
  await put("crl.pem", old, young);
  await inside("old-bob", "old-eve", "new-alice", "new-bob");
  await revoke(old, "eve");
  await put("crl.pem", young, old);
  await inside("old-bob", "new-alice", "new-bob");

  for (const name of ["server.pem", "server-key.pem"]) await put(name, young);
  await inside("old-bob", "new-alice", "new-bob");
  equal(daemon.log.includes("Did not use lists"), false, daemon.log);

  // The new one alone. A list of the old one that is still there is not used and does not hold up the new one's.
  await put("ca.pem", young);
  await inside("new-alice", "new-bob");
  match(daemon.log, /Did not use lists of revoked certificates of authorities .*Teleworker CA.* \(key [0-9a-f]{40}\)/);
  await revoke(young, "bob");
  await put("crl.pem", old, young);
  await inside("new-alice");
  equal(daemon.log.includes("Refused a change"), false, daemon.log);
  const from = daemon.log.length;
  await put("crl.pem", young);
  await until("it is taken in", () => daemon.log.slice(from).includes("Took in a change"));
  await inside("new-alice");
  equal(daemon.log.slice(from).includes("Did not use lists"), false, daemon.log.slice(from));
});

Deno.test("with its authority a certificate's time is over: open connections are closed, new ones refused", async () => {
  await using daemon = await Daemon.start();
  const certs = join(daemon.folder.path, "short");
  await Deno.mkdir(certs);
  // Valid for some seconds more.
  const authority = await makeCredential({
    subject: [{ CN: ["Short CA"] }],
    extensions: [new BasicConstraintsExtension(true, 0, true)],
    until: 10 / 60,
  });
  const { certificatePem, privateKeyPem } = await makeCredential({ subject: [{ CN: ["carol"] }], issuer: authority });
  await Deno.writeTextFile(join(certs, "client-carol.pem"), certificatePem);
  await Deno.writeTextFile(join(certs, "client-carol-key.pem"), privateKeyPem);
  await replace(join(daemon.certs, "ca.pem"), daemon.authority + authority.certificatePem);
  await Deno.writeTextFile(join(certs, "ca.pem"), daemon.authority);
  await until("carol gets in", () => worksFor(daemon, "carol", certs));
  await using carol = await RawConnection.open({ address: daemon.address, certs }, { certificate: "client-carol" });
  await using alice = await RawConnection.open(daemon);
  await carol.request("GET /healthz");
  await carol.said("ok");
  await carol.ended();
  match(daemon.log, /Closed a connection of .*carol.*its authority has expired/);
  equal(await worksFor(daemon, "carol", certs), false);
  match(daemon.log, /Refused a certificate: .*carol.*its authority has expired/);
  await alice.request("GET /healthz");
  await alice.said("ok");
});

Deno.test("a certificate that was revoked by the client's own means is out at once", async () => {
  await using daemon = await Daemon.start();
  await using open = await RawConnection.open(daemon);
  await open.request("GET /healthz");
  await open.said("ok");
  await revoke(daemon.certs, "alice");
  await open.ended();
  deepEqual([await worksFor(daemon, "alice"), await worksFor(daemon, "bob")], [false, true]);
});

Deno.test("--crl names another file, which may come later", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tw-" });
  try {
    const crl = join(folder, "lists", "revoked.pem");
    await using daemon = await Daemon.start({ env: { TELEWORKERD_CRL: crl } });
    const revocations = await OpensslRevocations.create(join(folder, "openssl"), daemon.certs);
    await revocations.revoke("alice");
    await Deno.mkdir(join(folder, "lists"));
    await Deno.writeTextFile(crl, await revocations.list());
    daemon.signal("SIGHUP");
    await until("alice is out", async () => !await worksFor(daemon, "alice"));
    equal(await worksFor(daemon, "bob"), true);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
