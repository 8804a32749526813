import { basename, join } from "node:path";
import { issueClientCertificate } from "../../lib/pki/client_certificate.ts";
import { authorityFiles } from "../../lib/pki/certificate_files.ts";
import { readCredential } from "../../lib/pki/read_credential.ts";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Certs } from "./certs_command.ts";

const DAY = 86_400_000;

Deno.test("certs: name that every daemon refuses → not made, requested, signed or renewed", async () => {
  await using folder = await TemporaryFolder.create();
  const certs = new Certs(folder.path);
  await certs.prints("init");
  await certs.prints("request", "client", "alice");
  for (const [name, holder] of [["local", "whoever uses its Unix socket"], ["teleworkerd", "itself"]] as const) {
    const why = `no daemon accepts this name, which stands for ${holder}; choose another`;
    const refusal = `2 Cannot make a certificate for client "${name}": ${why}`;
    equal(await certs.fails("client", name), refusal);
    equal(await certs.fails("client", name, "--csr", certs.path("client-alice.csr")), refusal);
    equal(await certs.fails("request", "client", name), refusal);
    // One that an earlier version has made.
    const authority = await readCredential(authorityFiles(folder.path));
    const { certificatePem, privateKeyPem } = await issueClientCertificate(authority, name);
    await Deno.writeTextFile(certs.path(`client-${name}.pem`), certificatePem);
    await Deno.writeTextFile(certs.path(`client-${name}-key.pem`), privateKeyPem, { mode: 0o600 });
    equal(await certs.fails("renew", name), refusal);
  }
  deepEqual((await certs.listed()).filter(({ name }) => name === "local").length, 1);
});

Deno.test("certs server --csr: another host's server.pem → refused; --out → both there", async (t) => {
  await using folder = await TemporaryFolder.create();
  const certs = new Certs(folder.path);
  await certs.prints("init");
  for (const name of ["web1", "web2"]) {
    const host = new Certs(join(folder.path, name));
    await host.prints("request", "server", name);
    await Deno.copyFile(host.path("server.csr"), certs.path(`${name}.csr`));
  }
  await certs.prints("server", "web1", "--csr", certs.path("web1.csr"));
  const web1 = await Deno.readTextFile(certs.path("server.pem"));
  const sign = (...args: string[]) => ["server", "web2", "--csr", certs.path("web2.csr"), ...args];

  await t.step("refused, also by --force", async () => {
    const refusal = `1 Cannot write "${certs.path("server.pem")}": it is the certificate of "web1"; ` +
      "name another file with --out";
    equal(await certs.fails(...sign()), refusal);
    equal(await certs.fails(...sign("--force")), refusal);
    equal(await Deno.readTextFile(certs.path("server.pem")), web1);
  });

  await t.step("--out puts it elsewhere, and replaces nothing by itself", async () => {
    const out = certs.path("web2.pem");
    equal(await certs.prints(...sign("--out", out)), `${out}\n`);
    equal(certs.certificate("web2.pem").subjectAltName, "DNS:web2");
    equal(((await Deno.stat(out)).mode ?? 0) & 0o777, 0o600);
    match(await certs.fails(...sign("--out", out)), /web2\.pem": it exists already, and only --force replaces it$/);
    await certs.prints(...sign("--out", out, "--force"));
    await Deno.writeTextFile(certs.path("notes.txt"), "mine\n");
    await Deno.copyFile(certs.path("ca.pem"), certs.path("other.pem"));
    for (const name of ["notes.txt", "other.pem"]) {
      const before = await Deno.readTextFile(certs.path(name));
      match(
        await certs.fails(...sign("--out", certs.path(name), "--force")),
        /^1 Cannot write ".*": it exists already, and is no certificate of a server; name another file with --out$/,
      );
      equal(await Deno.readTextFile(certs.path(name)), before, name);
    }
    deepEqual((await certs.listed()).map(({ name }) => name).sort(), ["Teleworker CA", "web1", "web2", "web2"]);
  });

  await t.step("--out without a request is wrong usage", async () => {
    match(
      await certs.fails("server", "web3", "--out", certs.path("web3.pem")),
      /^2 Cannot use --out ".*" without --csr: /,
    );
  });

  await t.step("the same host again, by its names or its key, only by --force", async () => {
    const again = (host: string, ...args: string[]) => ["server", host, "--csr", certs.path("web1.csr"), ...args];
    match(await certs.fails(...again("web1")), /it exists already, and only --force replaces it$/);
    await certs.prints(...again("web1", "--force"));
    match(
      (await certs.run(...again("web1.example", "--force"))).stderr,
      /^teleworker: Replaced the certificate of "web1"; .*\n$/,
    );
    equal(certs.certificate("server.pem").subjectAltName, "DNS:web1.example");
  });
});

Deno.test("certs server --force: other hosts replaced → said on stderr", async () => {
  await using folder = await TemporaryFolder.create();
  const certs = new Certs(folder.path);
  await certs.prints("init");
  await certs.prints("server", "web1", "192.0.2.7");
  equal((await certs.run("server", "192.0.2.7", "web1", "--force")).stderr, "");
  const { code, stderr } = await certs.run("server", "web2", "--force");
  const copies = `a copy of it is in "${folder.path}/issued"`;
  deepEqual([code, stderr], [0, `teleworker: Replaced the certificate of "192.0.2.7", "web1"; ${copies}\n`]);
});

Deno.test("certs: certificates end before their authority → and it is said where that is earlier", async () => {
  await using folder = await TemporaryFolder.create();
  const certs = new Certs(folder.path);
  await certs.prints("init");
  equal(certs.certificate("ca.pem").validToDate.getTime() > Date.now() + 3649 * DAY, true);
  await certs.prints("server", "localhost");
  await certs.prints("client", "alice");
  // An authority as earlier versions made it, for as long as a server.
  await certs.prints("init", "--days", "365", "--force");
  const authority = certs.certificate("ca.pem").validToDate;
  for (
    const [args, name, days] of [
      [["server", "localhost", "--force"], "server.pem", 365],
      [["client", "bob", "--days", "3650"], "client-bob.pem", 3650],
      [["renew", "server"], "server.pem", 365],
    ] as const
  ) {
    const { code, stdout, stderr } = await certs.run(...args);
    equal(code, 0);
    equal(stdout.split("\n")[0], certs.path(name));
    const end = certs.certificate(name).validToDate;
    ok(Math.abs(authority.getTime() - end.getTime() - DAY) < 2_000, `${authority} ${end}`);
    equal(
      stderr,
      `teleworker: "${certs.path(name)}" is valid until ${end.toISOString()} and not for ${days} days: its authority ` +
        `expires at ${authority.toISOString()}; a new one is made by: teleworker certs init --certs NEW\n`,
    );
  }
  await certs.prints("client", "carol");
});

Deno.test("certs server --out: name or place of something else → refused", async () => {
  await using folder = await TemporaryFolder.create();
  const [certs, other] = [new Certs(join(folder.path, "certs")), new Certs(join(folder.path, "other"))];
  const host = new Certs(join(folder.path, "host"));
  for (const one of [certs, other]) await one.prints("init");
  await certs.prints("client", "alice");
  await host.prints("request", "server", "web1");
  await Deno.symlink(certs.folder, join(folder.path, "link"));
  const filesIn = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();
  const before = [filesIn(certs.folder), filesIn(other.folder)];
  const sign = (out: string) => ["server", "web1", "--csr", host.path("server.csr"), "--out", out, "--force"];
  const reserved = ["ca.pem", "ca-key.pem", "crl.pem", "client-alice.pem", "client-mallory.pem", "server-key.pem"];
  const places = [
    ...[...reserved, "client-alice-key.pem", "server.csr", "ca.crt", "tls.crt", "tls.key"].map((name) =>
      certs.path(name)
    ),
    ...[other.path("crl.pem"), join(folder.path, "link", "crl.pem")],
  ];
  for (const place of places) {
    const name = basename(place);
    equal(
      await certs.fails(...sign(place)),
      `1 Cannot write "${place}": "${name}" is the name of another file in a directory of certificates; ` +
        "name another file with --out",
    );
  }
  equal(
    await certs.fails(...sign(certs.path("issued/ab.pem"))),
    `1 Cannot write "${certs.path("issued/ab.pem")}": "${certs.path("issued")}" is for copies of what was issued; ` +
      "name another file with --out",
  );
  const nowhere = host.path("nodir/x.pem");
  equal(
    await certs.fails(...sign(nowhere)),
    `1 Cannot write "${nowhere}": the directory "${host.path("nodir")}" does not exist`,
  );
  const below = host.path("server.csr/x.pem");
  equal(
    await certs.fails(...sign(below)),
    `1 Cannot write "${below}": "${host.path("server.csr")}" is not a directory`,
  );
  deepEqual([filesIn(certs.folder), filesIn(other.folder)], before);
  // Elsewhere the names stand for nothing, and here those of servers are free.
  for (const place of [host.path("client-web1.pem"), certs.path("server.pem"), certs.path("web1.pem")]) {
    equal(await certs.prints(...sign(place)), `${place}\n`);
  }
});

Deno.test("certs request server: certificate of other hosts there → refused", async () => {
  await using folder = await TemporaryFolder.create();
  const certs = new Certs(folder.path);
  await certs.prints("init");
  await certs.prints("server", "web1");
  const key = await Deno.readTextFile(certs.path("server-key.pem"));
  const refusal = `1 Cannot write "${certs.path("server-key.pem")}": "${certs.path("server.pem")}" beside it is the ` +
    'certificate of "web1", which a new key does not fit; name another directory with --certs';
  for (const force of [[], ["--force"]]) equal(await certs.fails("request", "server", "web2", ...force), refusal);
  equal(await Deno.readTextFile(certs.path("server-key.pem")), key);
  // Where the key is elsewhere too.
  await Deno.remove(certs.path("server-key.pem"));
  equal(await certs.fails("request", "server", "web2"), refusal);
  deepEqual([...Deno.readDirSync(folder.path)].filter(({ name }) => /csr$|^server-key/.test(name)), []);
  // For the same hosts, and without a certificate, it goes on as before.
  await certs.prints("request", "server", "web1", "--force");
  await Deno.remove(certs.path("server.pem"));
  match(await certs.fails("request", "server", "web2"), /it exists already, and only --force replaces it$/);
  await certs.prints("request", "server", "web2", "--force");
});
