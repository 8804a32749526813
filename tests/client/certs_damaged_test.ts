import { deepEqual, equal, match } from "../support/assert.ts";
import { openssl } from "../pki/openssl.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Certs } from "./certs_command.ts";

Deno.test("certs lists and revokes what it can read beside files that are damaged, and says which", async (t) => {
  await using folder = await TemporaryFolder.create();
  const certs = new Certs(folder.path);
  await certs.prints("init");
  for (const name of ["alice", "bob", "carol"]) await certs.prints("client", name);
  const serialOf = (name: string) => certs.certificate(`client-${name}.pem`).serialNumber.toLowerCase();
  const [alice, carol] = [serialOf("alice"), serialOf("carol")];
  const bob = await Deno.readTextFile(certs.path("client-bob.pem"));
  await Deno.writeTextFile(certs.path("client-bob.pem"), bob.slice(0, -30));
  await Deno.mkdir(certs.path("client-dave.pem"));
  await Deno.writeTextFile(
    certs.path("issued/ff.pem"),
    "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
  );
  const damaged = (stderr: string) =>
    [...stderr.matchAll(/^teleworker: Cannot read certificate "(.*?)": .+/gm)].map(([, path]) => path);
  const paths = ["client-bob.pem", "client-dave.pem", "issued/ff.pem"].map((name) => certs.path(name));

  await t.step("list goes on, and ends with 1", async () => {
    for (const output of [[], ["--output", "json"]]) {
      const { code, stdout, stderr } = await certs.run("list", ...output);
      equal(code, 1);
      deepEqual(damaged(stderr), paths);
      // Of bob there is the copy.
      for (const name of ["Teleworker CA", "alice", "bob", "carol"]) match(stdout, new RegExp(name));
    }
  });

  await t.step("revoke by a name does, and ends with 1, for there may be more", async () => {
    for (const name of ["alice", "bob"]) {
      const { code, stdout, stderr } = await certs.run("revoke", name);
      deepEqual({ code, stdout }, { code: 1, stdout: `${certs.path("crl.pem")}\n` });
      match(stderr, new RegExp(`^teleworker: Revoked "${name}" `));
      deepEqual(damaged(stderr), paths);
    }
    const reason = await certs.fails("revoke", "dave");
    match(reason, /^2 Cannot revoke "dave": no client of this name .*; Cannot read certificate ".*client-bob\.pem": /);
  });

  await t.step("revoke by a serial number always does, and ends with 0", async () => {
    match((await certs.run("revoke", `0x${alice}`)).stderr, /^teleworker: Revoked already at 20\S+Z: "alice" .*\n$/);
    await Deno.remove(certs.path("issued"), { recursive: true });
    await Deno.writeTextFile(certs.path("client-carol.pem"), "");
    for (const serial of [`0x${carol}`, "0xff"]) {
      const { code, stderr } = await certs.run("revoke", serial);
      equal(code, 0);
      match(stderr, /^teleworker: Revoked serial [0-9a-f]+, which was not made here\n.*copy it there\n$/);
    }
    match((await openssl("crl", "-in", certs.path("crl.pem"), "-noout", "-text")).toLowerCase(), new RegExp(carol));
  });
});
