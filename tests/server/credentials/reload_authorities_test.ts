import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { BasicConstraintsExtension } from "@peculiar/x509";
import { join } from "node:path";
import { deepEqual, equal } from "../../support/assert.ts";
import { revoke } from "../../../lib/pki/revoke.ts";
import { makeCredential } from "../../pki/make_certificate.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { Daemon } from "../../support/daemon.ts";
import { until } from "../../support/until.ts";
import { RawConnection } from "../transport/raw.ts";
import { replace, strangersOf, worksFor } from "./reload.ts";

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
  await daemon.logged(/Closed a connection of \\?"?alice/);
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
  /** Where the log of the daemon that was started last begins. */
  let begin = 0;
  /** Waits until these get in, and the others do not; and looks again after a start. */
  const inside = async (...expected: string[]) => {
    const look = async () => {
      const names = ["old-alice", "old-bob", "old-eve", "new-alice", "new-bob", "new-eve"];
      const works = await Promise.all(names.map((name) => worksFor(daemon, name, clients)));
      return names.filter((_, index) => works[index] === true).join();
    };
    await until(`${expected} get in`, async () => await look() === expected.join());
    await daemon.end();
    begin = daemon.log.length;
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
  await daemon.logged(
    /Did not use lists of revoked certificates of authorities .*Teleworker CA.* \(key [0-9a-f]{40}\)/,
  );
  await revoke(young, "bob");
  await put("crl.pem", old, young);
  await inside("new-alice");
  equal(daemon.log.includes("Refused a change"), false, daemon.log);
  // The daemon that was started last says it, too.
  await daemon.logged(/Did not use lists/, begin);
  const from = daemon.log.length;
  await put("crl.pem", young);
  await until("it is taken in", () => daemon.log.slice(from).includes("Took in a change"));
  await inside("new-alice");
  equal(daemon.log.slice(from).includes("Did not use lists"), false, daemon.log.slice(from));

  // The old one's alone is as none: what was revoked stays so until the daemon is started again.
  await put("crl.pem", old);
  await until("it is not used", () => daemon.log.slice(from).includes("Did not use lists"));
  equal(await worksFor(daemon, "new-bob", clients), false);
  await daemon.end();
  await daemon.run();
  equal(await worksFor(daemon, "new-bob", clients), true);
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
  await daemon.logged(/Closed a connection of .*carol.*its authority has expired/);
  equal(await worksFor(daemon, "carol", certs), false);
  await daemon.logged(/Refused a certificate: .*carol.*its authority has expired/);
  await alice.request("GET /healthz");
  await alice.said("ok");
  const told = /Nobody gets in by authorities that are not valid: .*Short CA.*: it has expired at 20/;
  await daemon.logged(told);
  await daemon.end();
  const from = daemon.log.length;
  await daemon.run();
  await daemon.logged(told, from);
  deepEqual([await worksFor(daemon, "carol", certs), await worksFor(daemon, "bob")], [false, true]);
});
