import { join } from "node:path";
import { deepEqual, equal, match, notEqual } from "../support/assert.ts";
import { openssl } from "../pki/openssl.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Certs } from "./certs_command.ts";

Deno.test("certs makes every type of key, for as many days as wanted, in the place of others by --force", async () => {
  await using folder = await TemporaryFolder.create();
  const certs = new Certs(folder.path);
  await certs.prints("init", "--key-type", "ed25519", "--days", "10");
  equal(certs.certificate("ca.pem").publicKey.asymmetricKeyType, "ed25519");
  for (const [type, node] of [["ec-p256", "ec"], ["ed25519", "ed25519"], ["rsa-4096", "rsa"]] as const) {
    await certs.prints("client", "alice", "--key-type", type, "--days", "3", "--force");
    const certificate = certs.certificate("client-alice.pem");
    equal(certificate.publicKey.asymmetricKeyType, node);
    await openssl("verify", "-CAfile", certs.path("ca.pem"), "-purpose", "sslclient", certs.path("client-alice.pem"));
    const key = await openssl("pkey", "-in", certs.path("client-alice-key.pem"), "-pubout");
    equal(await openssl("x509", "-in", certs.path("client-alice.pem"), "-noout", "-pubkey"), key);
    equal(((await Deno.stat(certs.path("client-alice-key.pem"))).mode ?? 0) & 0o777, 0o600);
  }
  deepEqual((await certs.listed()).map(({ name, daysLeft }) => `${name} ${daysLeft}`), [
    "Teleworker CA 10",
    ...Array(3).fill("alice 3"),
  ]);
  deepEqual((await certs.listed()).map(({ file }) => file ?? "").sort(), ["", "", "ca.pem", "client-alice.pem"]);
  match(await certs.prints("list"), /^alice +operator +\S+ +3 +- +-\n/m);
  equal((await certs.run("client", "bob", "--days", "0")).code, 2);
  equal((await certs.run("client", "bob", "--key-type", "dsa")).code, 2);
  deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name).filter((name) => name.endsWith(".tmp")), []);
});

Deno.test("certs signs requests whose keys are elsewhere", async (t) => {
  await using folder = await TemporaryFolder.create();
  const authority = new Certs(join(folder.path, "authority"));
  const host = new Certs(join(folder.path, "host"));
  await authority.prints("init");

  await t.step("of a server, with the names of the command line", async () => {
    equal(
      await host.prints("request", "server", "asked.example"),
      `${host.path("server.csr")}\n${host.path("server-key.pem")}\n`,
    );
    match(
      await authority.prints("show", host.path("server.csr")),
      /hosts +asked\.example\nkey +ECDSA P-256\nsignature +right/,
    );
    const key = await Deno.readTextFile(host.path("server-key.pem"));
    const signed = await authority.prints("server", "given.example", "--csr", host.path("server.csr"));
    equal(signed, `${host.path("server.pem")}\n`);
    equal(host.certificate("server.pem").subjectAltName, "DNS:given.example");
    equal(await Deno.readTextFile(host.path("server-key.pem")), key);
    const publicKey = await openssl("x509", "-in", host.path("server.pem"), "-noout", "-pubkey");
    equal(await openssl("pkey", "-in", host.path("server-key.pem"), "-pubout"), publicKey);
    deepEqual((await authority.listed()).map(({ name }) => name), ["Teleworker CA", "given.example"]);
  });

  await t.step("of a client, with the name and role of the command line, whatever OpenSSL asks for", async () => {
    const [key, request] = [host.path("client-bob-key.pem"), host.path("bob.csr")];
    const admin = "1.3.6.1.4.1.12345.1.1=ASN1:NULL";
    await openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key);
    await openssl("req", "-new", "-key", key, "-subj", "/CN=root", "-addext", admin, "-out", request);
    await authority.prints("client", "bob", "--role", "user", "--csr", request);
    match(await authority.prints("show", host.path("client-bob.pem")), /for +client "bob", user\n/);
  });

  await t.step("but none that is damaged, changed, weak or no request", async () => {
    const request = await Deno.readTextFile(host.path("server.csr"));
    const der = Uint8Array.fromBase64(request.replaceAll(/-----.*-----|\n/g, ""));
    der[der.length - 1] = (der[der.length - 1] ?? 0) ^ 1;
    const changed = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toBase64()}\n-----END CERTIFICATE REQUEST-----\n`;
    await openssl(
      "genpkey",
      "-algorithm",
      "RSA",
      "-pkeyopt",
      "rsa_keygen_bits:1024",
      "-out",
      host.path("weak-key.pem"),
    );
    await openssl("req", "-new", "-key", host.path("weak-key.pem"), "-subj", "/CN=x", "-out", host.path("weak.csr"));
    for (
      const [text, reason] of [
        [changed, /^1 Cannot read signing request ".*bad\.csr": its signature is wrong/],
        [
          "",
          /^1 Cannot read signing request ".*bad\.csr": it is empty; requests are made by: teleworker certs request$/,
        ],
        [request + request, /^1 Cannot read signing request ".*bad\.csr": it has 2 signing requests, not one; /],
        [
          await Deno.readTextFile(host.path("server.pem")),
          /^1 Cannot read signing request ".*bad\.csr": "CERTIFICATE" is no signing request; /,
        ],
        [
          request.replace("\nM", "\nN"),
          /^1 Cannot read signing request ".*bad\.csr": its ".*" is damaged or cut off: /,
        ],
        [
          await Deno.readTextFile(host.path("weak.csr")),
          /^1 Cannot read signing request ".*bad\.csr": its key \(RSA 1024\) is weak/,
        ],
      ] as const
    ) {
      await Deno.writeTextFile(host.path("bad.csr"), text);
      match(await authority.fails("client", "eve", "--csr", host.path("bad.csr")), reason);
    }
    match(
      await authority.fails("client", "eve", "--csr", host.path("none.csr")),
      /^1 Cannot read ".*none\.csr": it does not/,
    );
    const both = ["--csr", host.path("server.csr"), "--key-type", "ed25519"];
    match(await authority.fails("client", "eve", ...both), /^2 Cannot use --key-type "ed25519" with --csr: /);
  });

  await t.step("nor beside the key of another", async () => {
    const request = Deno.readTextFileSync(host.path("server.csr"));
    await Deno.writeTextFile(authority.path("server.csr"), request);
    await authority.prints("server", "localhost");
    const reason = await authority.fails("server", "localhost", "--csr", authority.path("server.csr"), "--force");
    match(reason, /^1 Cannot write ".*server\.pem": ".*server-key\.pem" beside it is not the key of the request$/);
  });
});

Deno.test("certs renews, revokes and lists", async (t) => {
  await using folder = await TemporaryFolder.create();
  const certs = new Certs(folder.path);
  await certs.prints("init");
  await certs.prints("server", "localhost", "127.0.0.1");
  await certs.prints("client", "alice", "--role", "user", "--key-type", "ed25519");
  await certs.prints("client", "bob");
  const serialOf = (file: string) => certs.certificate(file).serialNumber.toLowerCase();
  const [first, server] = [serialOf("client-alice.pem"), serialOf("server.pem")];

  await t.step("a new key and certificate for the same name and role, or the same hosts", async () => {
    const key = await Deno.readTextFile(certs.path("client-alice-key.pem"));
    await certs.prints("renew", "alice", "--days", "20");
    notEqual(await Deno.readTextFile(certs.path("client-alice-key.pem")), key);
    const shown = await certs.prints("show", certs.path("client-alice.pem"));
    match(shown, /for +client "alice", user\nkey +Ed25519\n/);
    await certs.prints("renew", "server");
    equal(certs.certificate("server.pem").subjectAltName, "DNS:localhost, IP Address:127.0.0.1");
    notEqual(serialOf("server.pem"), server);
    match(
      await certs.fails("renew", "carol"),
      /^1 Cannot read ".*client-carol\.pem": it does not exist; who made the key elsewhere .* request$/,
    );
  });

  await t.step("not what another authority made, or is another's", async () => {
    const other = new Certs(join(folder.path, "other"));
    await other.prints("init");
    await other.prints("client", "mallory", "--role", "admin");
    for (const name of ["client-mallory.pem", "client-mallory-key.pem"]) {
      await Deno.copyFile(other.path(name), certs.path(name));
    }
    equal(
      await certs.fails("renew", "mallory"),
      '1 Cannot renew "mallory": its certificate is not from the authority here',
    );
    for (const name of [".pem", "-key.pem"]) {
      await Deno.copyFile(certs.path(`client-bob${name}`), certs.path(`client-mallory${name}`));
    }
    equal(await certs.fails("renew", "mallory"), '1 Cannot renew "mallory": its certificate is that of "bob"');
    for (const name of [".pem", "-key.pem"]) await Deno.remove(certs.path(`client-mallory${name}`));
  });

  await t.step("one by its serial number, all of a client by the name", async () => {
    const { code, stdout, stderr } = await certs.run("revoke", first.toUpperCase());
    deepEqual({ code, stdout }, { code: 0, stdout: `${certs.path("crl.pem")}\n` });
    match(stderr, new RegExp(`^teleworker: Revoked "alice" \\(serial ${first}\\), valid until 20`));
    deepEqual((await certs.listed()).filter(({ revokedAt }) => revokedAt !== null).map(({ serial }) => serial), [
      first,
    ]);
    const number = await crlNumber(certs);
    const again = await certs.run("revoke", "alice");
    match(again.stderr, /Revoked "alice" .*\n.*Revoked already at 20\S+Z: "alice"/);
    equal(again.stdout, `${certs.path("crl.pem")}\n`);
    const longer = await crlNumber(certs);
    equal(longer > number, true);
    const revoked = (await certs.listed()).filter(({ revokedAt }) => revokedAt !== null);
    deepEqual(revoked.map(({ name }) => name), ["alice", "alice"]);
    // A third time there is nothing to do, and no file to be put anywhere.
    const third = await certs.run("revoke", "alice");
    deepEqual([third.code, third.stdout, third.stderr.match(/Revoked/g)?.length], [0, "", 2]);
    const at = revoked.find(({ serial }) => serial === first)?.revokedAt;
    match(third.stderr, new RegExp(`^teleworker: Revoked already at ${at}: "alice" \\(serial ${first}\\)`, "m"));
    equal(await crlNumber(certs), longer);
    equal(
      await certs.fails("renew", "alice"),
      '1 Cannot renew "alice": its certificate was revoked; a new one is made by: teleworker certs client alice --force',
    );
  });

  await t.step("in a list that OpenSSL verifies, and that ends with the authority", async () => {
    const text = await openssl("crl", "-in", certs.path("crl.pem"), "-noout", "-text", "-CAfile", certs.path("ca.pem"));
    const end = /Next Update: (.*)/.exec(text)?.[1];
    equal(end, certs.certificate("ca.pem").validTo);
    const verify = ["verify", "-crl_check", "-CAfile", certs.path("ca.pem"), "-CRLfile", certs.path("crl.pem")];
    await openssl(...verify, certs.path("client-bob.pem"));
    const refused = await openssl(...verify, certs.path("client-alice.pem")).catch(({ message }) => message);
    match(refused, /certificate revoked/);
    equal(((await Deno.stat(certs.path("crl.pem"))).mode ?? 0) & 0o777, 0o600);
  });

  await t.step("a serial number that nobody knows only if it cannot be a name, and nothing else", async () => {
    match(await certs.fails("revoke", "ada"), /^2 Cannot revoke "ada": no certificate made here .* write it as 0xada$/);
    match(await certs.fails("revoke", "zoe"), /^2 Cannot revoke "zoe": no client of this name /);
    match(await certs.fails("revoke", serialOf("ca.pem")), /^2 Cannot revoke ".*": it is the authority itself/);
    match((await certs.run("revoke", "0xff01")).stderr, /Revoked serial ff01, which was not made here/);
    match(
      (await certs.run("revoke", "0xff01")).stderr,
      /Revoked already at 20\S+Z: serial ff01, which was not made here/,
    );
    match(await openssl("crl", "-in", certs.path("crl.pem"), "-noout", "-text"), /Serial Number: FF01\n/);
  });

  await t.step("many at once, of which none is lost", async () => {
    await Promise.all(Array.from({ length: 4 }, (_, index) => certs.run("revoke", `0xa${index}`)));
    const text = await openssl("crl", "-in", certs.path("crl.pem"), "-noout", "-text");
    deepEqual([...text.matchAll(/Serial Number: (A\d)\n/g)].map(([, serial]) => serial).sort(), [
      "A0",
      "A1",
      "A2",
      "A3",
    ]);
  });

  await t.step("not with a list that was changed, whose revocations would be lost", async () => {
    const whole = await Deno.readTextFile(certs.path("crl.pem"));
    const der = Uint8Array.fromBase64(whole.replaceAll(/-----.*-----|\n/g, ""));
    der[der.length - 1] = (der[der.length - 1] ?? 0) ^ 1;
    const changed = `-----BEGIN X509 CRL-----\n${der.toBase64()}\n-----END X509 CRL-----\n`;
    await Deno.writeTextFile(certs.path("crl.pem"), changed);
    for (const args of [["revoke", "bob"], ["list"]]) {
      equal(
        await certs.fails(...args),
        `1 Cannot use revocation list "${certs.path("crl.pem")}" of "Teleworker CA": its signature is wrong; ` +
          "copy it again from where its authority is",
      );
    }
    equal(await Deno.readTextFile(certs.path("crl.pem")), changed);
    await Deno.writeTextFile(certs.path("crl.pem"), whole);
  });

  await t.step("not with a list that is damaged, which stays as it is", async () => {
    await Deno.writeTextFile(certs.path("crl.pem"), "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n");
    match(
      await certs.fails("revoke", "bob"),
      /^1 Cannot read revocation list ".*crl\.pem": it is damaged: cannot read DER: /,
    );
    match(await Deno.readTextFile(certs.path("crl.pem")), /MAA=/);
  });
});

async function crlNumber(certs: Certs): Promise<number> {
  const text = await openssl("crl", "-in", certs.path("crl.pem"), "-noout", "-crlnumber");
  return parseInt(text.split("0x")[1] ?? "", 16);
}

Deno.test("certs revokes a client whose certificate is for servers as well, for the daemon lets it in", async () => {
  await using folder = await TemporaryFolder.create();
  const certs = new Certs(folder.path);
  await certs.prints("init");
  await certs.prints("client", "alice");
  await Deno.writeTextFile(
    certs.path("both.ext"),
    "extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:a.example\n",
  );
  await openssl(
    ...[
      "req",
      "-new",
      "-key",
      certs.path("client-alice-key.pem"),
      "-subj",
      "/CN=alice",
      "-out",
      certs.path("both.csr"),
    ],
  );
  await openssl(
    ...["x509", "-req", "-in", certs.path("both.csr"), "-CA", certs.path("ca.pem"), "-CAkey", certs.path("ca-key.pem")],
    ...["-CAcreateserial", "-days", "2", "-extfile", certs.path("both.ext"), "-out", certs.path("client-alice.pem")],
  );
  match(await certs.prints("show", certs.path("client-alice.pem")), /client "alice", operator/);
  equal((await certs.listed()).filter(({ name }) => name === "alice").length, 2);
  equal((await certs.run("revoke", "alice")).code, 0);
  equal((await certs.listed()).filter(({ name, revokedAt }) => name === "alice" && revokedAt !== null).length, 2);
});

Deno.test("certs keeps its copy of a certificate when a file with the same serial number is replaced", async () => {
  await using folder = await TemporaryFolder.create();
  await using elsewhere = await TemporaryFolder.create();
  const [certs, host] = [new Certs(folder.path), new Certs(elsewhere.path)];
  await certs.prints("init");
  await certs.prints("client", "mallory");
  const { serialNumber } = certs.certificate("client-mallory.pem");
  for (const name of ["client-mallory.pem", "client-mallory-key.pem"]) await Deno.remove(certs.path(name));
  await host.prints("request", "client", "mallory");
  await openssl(
    ...["req", "-x509", "-key", host.path("client-mallory-key.pem"), "-subj", "/CN=nobody", "-days", "1"],
    ...["-set_serial", `0x${serialNumber}`, "-out", host.path("client-mallory.pem")],
  );
  await certs.prints("client", "mallory", "--csr", host.path("client-mallory.csr"), "--force");
  equal((await certs.run("revoke", "mallory")).code, 0);
  const revoked = (await certs.listed()).filter(({ revokedAt }) => revokedAt !== null);
  deepEqual(revoked.map(({ name }) => name), ["mallory", "mallory"]);
});

Deno.test("certs shows as JSON nothing that a terminal obeys", async () => {
  await using folder = await TemporaryFolder.create();
  const certs = new Certs(folder.path);
  const subject = "/CN=\u009b2J\u202eevil";
  await openssl(
    ...["req", "-newkey", "ed25519", "-nodes", "-keyout", certs.path("key.pem"), "-utf8", "-subj", subject],
    ...["-out", certs.path("evil.csr")],
  );
  const shown = await certs.prints("show", certs.path("evil.csr"), "--output", "json");
  match(shown, /\\u009b2J\\u202eevil/);
  match(JSON.parse(shown)[0][1], /\u009b2J\u202eevil/u);
});
