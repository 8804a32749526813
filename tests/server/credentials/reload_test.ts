import { join } from "node:path";
import { deepEqual, doesNotMatch, equal, match, rejects, throws } from "../../support/assert.ts";
import { Authorities } from "../../../lib/pki/authorities.ts";
import { revoke } from "../../../lib/pki/revoke.ts";
import { replaceCertificate } from "../../client/signed_certificate.ts";
import { openssl } from "../../pki/openssl.ts";
import { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";
import { OpensslRevocations } from "../../support/openssl_authority.ts";
import { until } from "../../support/until.ts";
import { mkfifo } from "../../support/mkfifo.ts";
import { TestListener } from "../transport/listener.ts";
import { RawConnection } from "../transport/raw.ts";
import { replace, strangersOf, worksFor } from "./reload.ts";

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

Deno.test("a listener closes what was revoked also when the TLS library does not take what came with that", async () => {
  await using test = await TestListener.start(() => Promise.resolve(new Response("ok")));
  await using open = await RawConnection.open(test);
  await open.request("GET /");
  await open.said("ok");
  await revoke(test.certs, "alice");
  const read = (file: string) => Deno.readTextFileSync(join(test.certs, file));
  const [ca, crl] = [read("ca.pem"), read("crl.pem")];
  const authorities = Authorities.parse(ca).withRevocations(crl);
  // OpenSSL lets nobody speak TLS with it.
  const [certificate, key] = [join(test.certs, "weak.pem"), join(test.certs, "weak-key.pem")];
  const weak = ["-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=weak", "-keyout", key, "-out", certificate];
  await openssl("req", ...weak);
  const pair = { certificate: read("weak.pem"), key: read("weak-key.pem") };
  throws(() => test.listener.renew({ ca, crl, authorities, ...pair }), /too small/);
  await open.ended();
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
  await rejects(daemon.run(), /Cannot use revocation list "[^"]*crl\.pem" of "Teleworker CA": its signature is wrong/);
});

Deno.test("an older list of revoked certificates, and a server's certificate that is over, change nothing", async () => {
  await using daemon = await Daemon.start();
  const crl = join(daemon.certs, "crl.pem");
  const revocations = await OpensslRevocations.create(join(daemon.folder.path, "openssl"), daemon.certs);
  const older = await revocations.list();
  await revocations.revoke("bob");
  const newer = await revocations.list();
  await replace(crl, newer);
  await until("bob is out", async () => !await worksFor(daemon, "bob"));
  const before = daemon.log.length;
  await replace(crl, older);
  await daemon.logged(/Cannot use the revocation list of .*Teleworker CA.*: it is older than the one in force/);
  doesNotMatch(daemon.log.slice(before), /Took in/);
  deepEqual([await worksFor(daemon, "bob"), await worksFor(daemon, "alice")], [false, true]);
  await replace(crl, newer);
  await daemon.logged(/The certificates are good again/);

  const from = daemon.log.length;
  await replaceCertificate(daemon.certs, "server", -5);
  await daemon.logged(/Refused a change .*server\.pem.*: it has expired at 20/, from);
  equal(await worksFor(daemon, "alice"), true);
  // There is no other at a start.
  await daemon.end();
  await daemon.run();
  await daemon.logged(/Clients will refuse the server's certificate: .*it has expired at 20/, from);
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

Deno.test("a FIFO in the folder of the certificates, or in the place of one, holds up nothing", async () => {
  await using daemon = await Daemon.start();
  await mkfifo(join(daemon.certs, "beside"));
  await revoke(daemon.certs, "alice");
  await until("her certificate is refused", async () => !await worksFor(daemon, "alice"));
  await Deno.remove(join(daemon.certs, "server.pem"));
  await mkfifo(join(daemon.certs, "server.pem"));
  await until("it is said", () => /server\.pem.*is not a regular file/.test(daemon.log));
  equal(await worksFor(daemon, "bob"), true);
  deepEqual(await daemon.end(), { success: true, code: 0, signal: null });
});

Deno.test("a file that is still being written is not read, as long as it is not for ever", async () => {
  await using daemon = await Daemon.start();
  const ca = join(daemon.certs, "ca.pem");
  const before = await Deno.readTextFile(ca);
  let writing = true;
  const writer = (async () => {
    for (let count = 0; writing; count++) {
      await Deno.writeTextFile(ca, `${"#".repeat(count % 9)}\n`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  await until("it is said", () => daemon.log.includes("Refused a change"));
  equal(await worksFor(daemon, "alice", await trusting(daemon)), true);
  writing = false;
  await writer;
  await replace(ca, before);
  await until("it is good again", () => daemon.log.includes("The certificates are good again"));
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
