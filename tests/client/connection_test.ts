import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { addServer, initAuthority } from "../../lib/pki/store.ts";
import { openssl } from "../pki/openssl.ts";
import { Daemon } from "../support/daemon.ts";
import { type ClientOptions, teleworker } from "../support/teleworker.ts";
import { closedPort } from "./closed_port.ts";
import { replaceCertificate } from "./signed_certificate.ts";

const REFUSED =
  "it closed the connection, as a server does that does not accept our certificate: revoked, or of another authority?";

/** A copy of a daemon's certificates, to be spoilt. */
async function copyCertificates(daemon: Daemon, name: string): Promise<string> {
  const copy = join(daemon.folder.path, name);
  await Deno.mkdir(copy);
  for await (const { name, isFile } of Deno.readDir(daemon.certs)) {
    if (!isFile) continue;
    await Deno.copyFile(join(daemon.certs, name), join(copy, name));
  }
  return copy;
}

Deno.test("a client that cannot connect says why, in one sentence", async (t) => {
  await using daemon = await Daemon.start();
  const address = daemon.address;
  /** What `list` says on stderr when it fails. */
  const complaint = async (address: string, certs: string, args: string[] = [], options?: ClientOptions) => {
    const { code, stdout, stderr } = await teleworker({ address, certs }, [...args, "list"], options);
    deepEqual({ code, stdout }, { code: 1, stdout: "" });
    match(stderr, /^teleworker: .*\n$/);
    return stderr.slice("teleworker: ".length, -1);
  };
  const unreachable = (address: string, why: string) => `Cannot reach the server at "https://${address}": ${why}`;

  await t.step("nobody listens there", async () => {
    const nowhere = closedPort();
    equal(
      await complaint(nowhere, daemon.certs),
      unreachable(nowhere, "connection refused; is teleworkerd running there?"),
    );
  });

  await t.step("no such host", async () => {
    const nowhere = "no-such-host.invalid:8443";
    equal(await complaint(nowhere, daemon.certs), unreachable(nowhere, "no host has this name"));
  });

  await t.step("a host without a port, which is then 8443", async () => {
    const reason = "no host has this name";
    equal(await complaint("no.such.invalid", daemon.certs), unreachable("no.such.invalid:8443", reason));
  });

  await t.step("no host", async () => {
    for (
      const host of [
        "localhost:",
        "::1",
        "http://localhost:1",
        "https://localhost:8443",
        "localhost:0",
        "localhost:99999",
        ":8443",
        "a b:1",
        "u@h:1",
        "::1:8443",
        "h:1/x",
      ]
    ) {
      const { code, stderr } = await teleworker({ address: host, certs: daemon.certs }, ["list"]);
      const reason = `Cannot use host "${host}": it must be HOST or HOST:PORT, such as "127.0.0.1:8443" or "[::1]"`;
      deepEqual({ code, stderr }, { code: 2, stderr: `teleworker: ${reason}\n` });
    }
  });

  await t.step("no certificates", async () => {
    const empty = join(daemon.folder.path, "empty");
    equal(
      await complaint(address, empty),
      `Cannot find certificates: there is no "ca.pem" in "${empty}"; name their folder with --certs`,
    );
  });

  await t.step("not the certificate of this identity, or not of one", async () => {
    const all = '"alice", "bob", "eve", "root"';
    equal(
      await complaint(address, daemon.certs, [], { identity: "carol" }),
      `Cannot find client certificate "carol" in "${daemon.certs}": there are only ${all}`,
    );
    equal(
      await complaint(address, daemon.certs, [], { identity: "" }),
      `Cannot choose a client certificate in "${daemon.certs}": there are ${all}; choose one with --identity`,
    );
    const { code, stderr } = await teleworker({ address, certs: daemon.certs }, ["--identity", "../x", "list"]);
    equal(code, 2);
    match(stderr, /^teleworker: Cannot use --identity "\.\.\/x": it must be .*, such as "alice"\n$/);
  });

  await t.step("a private key that others can read", async () => {
    const certs = await copyCertificates(daemon, "open");
    const key = join(certs, "client-alice-key.pem");
    await Deno.chmod(key, 0o644);
    match(await complaint(address, certs), new RegExp(`^Cannot use private key "${key}": others than its owner `));
  });

  await t.step("a private key that is none, encrypted, or another's", async () => {
    const certs = await copyCertificates(daemon, "mixed");
    await Deno.copyFile(join(certs, "client-bob-key.pem"), join(certs, "client-alice-key.pem"));
    const key = join(certs, "client-alice-key.pem");
    const cannot = `Cannot use the private key "${key}"`;
    const certificate = join(certs, "client-alice.pem");
    equal(await complaint(address, certs), `${cannot}: it is not that of the certificate "${certificate}"`);
    await Deno.writeTextFile(key, "garbage");
    equal(await complaint(address, certs), `${cannot}: it is not in PEM: it has no line that says BEGIN`);
    await openssl("pkcs8", "-topk8", "-passout", "pass:x", "-in", join(certs, "client-bob-key.pem"), "-out", key);
    const cure = `decrypt it with: openssl pkey -in "${key}" -out "${key}.new"`;
    equal(await complaint(address, certs), `${cannot}: it is encrypted with a passphrase; ${cure}`);
  });

  await t.step("a server of another authority", async () => {
    const certs = await copyCertificates(daemon, "other-ca");
    for (const name of ["ca.pem", "ca-key.pem"]) await Deno.remove(join(certs, name));
    await initAuthority(certs);
    const reason = unreachable(address, "its certificate is not from our authority: is our ca.pem that of the server?");
    equal(await complaint(address, certs), reason);
    const files = ["server.pem", "server-key.pem"].map((name) => join(daemon.certs, name));
    const old = await Promise.all(files.map((file) => Deno.readTextFile(file)));
    const [certificate = "", key = ""] = files;
    await daemon.end();
    await openssl(
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x"],
      ...["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=IP:127.0.0.1"],
      ...["-keyout", key, "-out", certificate],
    );
    await daemon.run();
    equal(await complaint(address, certs), reason, "signed by itself");
    await daemon.end();
    await Promise.all(files.map((file, index) => Deno.writeTextFile(file, old[index] ?? "")));
    await daemon.run();
  });

  await t.step("a client of another authority", async () => {
    const certs = await copyCertificates(daemon, "stranger");
    for (const name of ["ca.pem", "ca-key.pem"]) await Deno.remove(join(certs, name));
    await initAuthority(certs);
    await replaceCertificate(certs, "client-alice", -1);
    await Deno.copyFile(join(daemon.certs, "ca.pem"), join(certs, "ca.pem"));
    equal(await complaint(address, certs), unreachable(address, REFUSED));
  });

  await t.step("a client's certificate that is over, or not yet valid", async () => {
    const certs = await copyCertificates(daemon, "expired");
    await replaceCertificate(certs, "client-alice", -48);
    equal(
      await complaint(address, certs),
      unreachable(address, "our certificate expired 1 day ago: teleworker certs renew alice"),
    );
    await replaceCertificate(certs, "client-alice", -5);
    match(await complaint(address, certs), /": our certificate expired 3 hours ago: teleworker certs renew alice$/);
    await replaceCertificate(certs, "client-alice", 48);
    match(await complaint(address, certs), /": our certificate is not valid before 20\S+Z: is the clock right\?$/);
  });

  await t.step("a server's certificate that is over, or not yet valid", async () => {
    for (
      const [hours, reason] of [
        [-50, "expired 2 days ago: teleworker certs renew server"],
        [48, "is not valid before DATE: are the clocks right on both hosts?"],
      ] as const
    ) {
      await daemon.end();
      await replaceCertificate(daemon.certs, "server", hours);
      await daemon.run();
      const told = (await complaint(address, daemon.certs)).replace(/20\S+Z/, "DATE");
      equal(told, unreachable(address, `its certificate ${reason}`));
    }
  });

  await t.step("a server's certificate for another host", async () => {
    await daemon.end();
    for (const name of ["server.pem", "server-key.pem"]) await Deno.remove(join(daemon.certs, name));
    await addServer(daemon.certs, ["build.example.org", "192.0.2.7", "::1"]);
    await daemon.run();
    const reason = 'its certificate is not for "127.0.0.1", but for "build.example.org", "192.0.2.7", "::1"';
    equal(await complaint(address, daemon.certs), unreachable(address, reason));
  });

  await t.step("no such socket", async () => {
    const nowhere = join(daemon.folder.path, "nowhere");
    const reason = `Cannot reach the server at "${nowhere}": no such file or directory; is teleworkerd running there?`;
    equal(await complaint(address, daemon.certs, ["--socket", nowhere]), reason);
  });
});
