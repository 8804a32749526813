import assert from "node:assert/strict";
import { findClient } from "../../lib/pki/find_client.ts";
import { identify } from "../../lib/pki/identity.ts";
import { decodeCertificates } from "../../lib/pki/pem.ts";
import { renew } from "../../lib/pki/renew.ts";
import { addClient, addServer, initAuthority } from "../../lib/pki/store.ts";
import { Folder } from "./folder.ts";
import { openssl } from "./openssl.ts";

const mode = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o7777;

Deno.test("initAuthority, addServer and addClient make files that OpenSSL can use", async () => {
  using folder = new Folder();
  const pki = folder.file("new/pki");
  const authority = await initAuthority(pki, { commonName: "Example CA", days: 10 });
  const server = await addServer(pki, ["localhost", "::1"]);
  const client = await addClient(pki, "alice@example.com", { role: "user", days: 5 });
  assert.deepEqual(authority, { certificate: `${pki}/ca.pem`, privateKey: `${pki}/ca-key.pem` });
  assert.deepEqual(server, { certificate: `${pki}/server.pem`, privateKey: `${pki}/server-key.pem` });
  assert.equal(client.certificate, `${pki}/client-alice@example.com.pem`);
  assert.equal(client.privateKey, `${pki}/client-alice@example.com-key.pem`);
  await openssl("verify", "-CAfile", authority.certificate, "-purpose", "sslserver", server.certificate);
  await openssl("verify", "-CAfile", authority.certificate, "-purpose", "sslclient", client.certificate);
  for (const { certificate, privateKey } of [authority, server, client]) {
    const publicKey = await openssl("x509", "-in", certificate, "-noout", "-pubkey");
    assert.equal(await openssl("pkey", "-in", privateKey, "-pubout"), publicKey);
  }
  const [der = new Uint8Array()] = decodeCertificates(Deno.readTextFileSync(client.certificate));
  assert.equal(identify(der).role, "user");
});

Deno.test("initAuthority makes a folder and files for their owner only, and leaves nothing else", async () => {
  using folder = new Folder();
  const pki = folder.file("pki");
  await initAuthority(pki);
  await addClient(pki, "alice");
  assert.equal(mode(pki), 0o700);
  const names = [...Deno.readDirSync(pki)].map(({ name }) => name).sort();
  assert.deepEqual(names, ["ca-key.pem", "ca.pem", "client-alice-key.pem", "client-alice.pem", "issued"]);
  assert.equal(mode(`${pki}/issued`), 0o700);
  for (const name of names.filter((name) => name !== "issued")) assert.equal(mode(`${pki}/${name}`), 0o600, name);
});

Deno.test("initAuthority, addServer and addClient never write over a file", async () => {
  using folder = new Folder();
  await initAuthority(folder.path);
  await addServer(folder.path, ["localhost"]);
  await addClient(folder.path, "alice");
  const before = folder.names().map((name) => Deno.readTextFileSync(folder.file(name)));
  for (
    const [name, again] of [
      ["ca.pem", () => initAuthority(folder.path)],
      ["server.pem", () => addServer(folder.path, ["localhost"])],
      ["client-alice.pem", () => addClient(folder.path, "alice", { role: "admin" })],
    ] as const
  ) {
    await assert.rejects(again(), (error) => {
      assert.ok(error instanceof Deno.errors.AlreadyExists);
      assert.equal(
        error.message,
        `Cannot write "${folder.file(name)}": it exists already, and only --force replaces it`,
      );
      return true;
    });
  }
  assert.deepEqual(folder.names().map((name) => Deno.readTextFileSync(folder.file(name))), before);
});

Deno.test("initAuthority makes no certificate if only the key exists", async () => {
  using folder = new Folder();
  folder.write("ca-key.pem", "mine");
  await assert.rejects(initAuthority(folder.path), /Cannot write ".*\/ca-key.pem": it exists already/);
  assert.deepEqual(folder.names(), ["ca-key.pem"]);
  assert.equal(Deno.readTextFileSync(folder.file("ca-key.pem")), "mine");
});

Deno.test("initAuthority does not write through a symbolic link", async () => {
  using folder = new Folder();
  Deno.symlinkSync(folder.file("elsewhere"), folder.file("ca.pem"));
  await assert.rejects(initAuthority(folder.path), Deno.errors.AlreadyExists);
  assert.deepEqual(folder.names(), ["ca.pem"]);
});

Deno.test("initAuthority wins once if many run at the same time", async () => {
  using folder = new Folder();
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => initAuthority(folder.path)));
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  for (const result of results) {
    if (result.status === "rejected") assert.ok(result.reason instanceof Deno.errors.AlreadyExists);
  }
  assert.deepEqual(folder.names(), ["ca-key.pem", "ca.pem"]);
  const publicKey = await openssl("x509", "-in", folder.file("ca.pem"), "-noout", "-pubkey");
  assert.equal(await openssl("pkey", "-in", folder.file("ca-key.pem"), "-pubout"), publicKey);
});

Deno.test("addClient and findClient refuse names that are not fit for a file", async () => {
  using folder = new Folder();
  await initAuthority(folder.path);
  const before = folder.names();
  for (
    const name of [
      "",
      ".",
      "..",
      "../x",
      "a/b",
      "/a",
      ".a",
      "-a",
      "a b",
      "a\0b",
      "a\n",
      "ä",
      "a".repeat(65),
      "a-key",
      "a*",
    ]
  ) {
    const expected = { name: "TypeError", message: /^Cannot use client name ".*": / };
    await assert.rejects(addClient(folder.path, name), expected);
    await assert.rejects(findClient([folder.path], name), expected);
  }
  assert.deepEqual(folder.names(), before);
});

Deno.test("addClient takes every name that is fit for a file", async () => {
  using folder = new Folder();
  await initAuthority(folder.path);
  for (const name of ["a", "A.b_c@d-e", "0", "a..b", "key", "a".repeat(64)]) {
    await addClient(folder.path, name);
    assert.equal((await findClient([folder.path], name)).name, name);
  }
});

Deno.test("addServer refuses bad hosts and writes nothing", async () => {
  using folder = new Folder();
  await initAuthority(folder.path);
  for (const hosts of [[], ["a b"], ["localhost", "../x"]]) {
    await assert.rejects(addServer(folder.path, hosts), TypeError);
  }
  assert.deepEqual(folder.names(), ["ca-key.pem", "ca.pem"]);
});

Deno.test("addServer and addClient need an authority, and one with a private key", async () => {
  using folder = new Folder();
  const missing = { name: "NotFound", message: `Cannot read "${folder.file("ca.pem")}": it does not exist` };
  await assert.rejects(addClient(folder.path, "alice"), missing);
  await assert.rejects(addServer(folder.path, ["localhost"]), missing);
  await initAuthority(folder.path);
  await Deno.chmod(folder.file("ca-key.pem"), 0o640);
  await assert.rejects(addClient(folder.path, "alice"), Deno.errors.PermissionDenied);
  await Deno.remove(folder.file("ca-key.pem"));
  await assert.rejects(addClient(folder.path, "alice"), /Cannot read ".*\/ca-key.pem": it does not exist/);
  assert.deepEqual(folder.names(), ["ca.pem"]);
});

Deno.test("addClient and renew leave a certificate beside its own key, however many run at the same time", async () => {
  using folder = new Folder();
  await initAuthority(folder.path);
  await addClient(folder.path, "alice");
  for (let round = 0; round < 5; round++) {
    await Promise.all(
      Array.from(
        { length: 12 },
        (_, index) => index % 2 === 0 ? addClient(folder.path, "alice", { force: true }) : renew(folder.path, "alice"),
      ),
    );
    const publicKey = await openssl("x509", "-in", folder.file("client-alice.pem"), "-noout", "-pubkey");
    assert.equal(await openssl("pkey", "-in", folder.file("client-alice-key.pem"), "-pubout"), publicKey);
  }
  assert.equal([...Deno.readDirSync(folder.file("issued"))].length, 1 + 5 * 12);
});
