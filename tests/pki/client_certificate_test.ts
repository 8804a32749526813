import assert from "node:assert/strict";
import { createAuthority } from "../../lib/pki/authority.ts";
import { issueClientCertificate } from "../../lib/pki/client_certificate.ts";
import { ROLE_EXTENSIONS } from "../../lib/pki/role.ts";
import { issueServerCertificate } from "../../lib/pki/server_certificate.ts";
import { Folder } from "./folder.ts";
import { lifetime } from "./lifetime.ts";
import { describe, KEYS, makeWithOpenssl, openssl, verify } from "./openssl.ts";

Deno.test("issueClientCertificate makes a certificate with the extension of the role", async () => {
  const authority = await createAuthority();
  for (const role of ["admin", "user", "operator"] as const) {
    const { certificatePem } = await issueClientCertificate(authority, "Alice Ω", { role });
    await verify(authority.certificatePem, certificatePem, "sslclient");
    await assert.rejects(verify(authority.certificatePem, certificatePem, "sslserver"));
    const text = await describe(certificatePem);
    assert.match(text, /Basic Constraints: critical\s+CA:FALSE\n/);
    assert.match(text, /X509v3 Key Usage: critical\s+Digital Signature\n/);
    assert.match(text, /Extended Key Usage: \s+TLS Web Client Authentication\n/);
    for (const [other, type] of Object.entries(ROLE_EXTENSIONS)) {
      assert.equal(text.includes(`${type}: \n`), other === role, `${role} ${type}`);
    }
  }
});

Deno.test("issueClientCertificate makes an operator's certificate for 45 days by default", async () => {
  const { certificatePem } = await issueClientCertificate(await createAuthority(), "alice");
  assert.doesNotMatch(await describe(certificatePem), /1\.3\.6\.1\.4\.1\.12345/);
  assert.equal(Math.floor(lifetime(certificatePem).days), 45);
});

Deno.test("issueClientCertificate and issueServerCertificate never outlive the authority", async () => {
  const authority = await createAuthority({ days: 3 });
  const client = await issueClientCertificate(authority, "alice");
  const server = await issueServerCertificate(authority, ["localhost"]);
  const { until } = lifetime(authority.certificatePem);
  // A tenth of the three days earlier: what ends together cannot be renewed in time.
  for (const { certificatePem } of [client, server]) {
    const early = until - lifetime(certificatePem).until;
    assert.ok(early > 7 * 3_600_000 && early < 7.4 * 3_600_000, `${early}`);
  }
  const shorter = await issueClientCertificate(authority, "alice", { days: 1 });
  assert.equal(Math.floor(lifetime(shorter.certificatePem).days), 1);
});

Deno.test("issueClientCertificate refuses names and days that cannot be", async () => {
  const authority = await createAuthority();
  for (const name of ["", "a".repeat(65), "a\tb", " a", "a  b", "\u200ba", "a\u0000", "rene\u0301"]) {
    await assert.rejects(issueClientCertificate(authority, name), TypeError);
  }
  await assert.rejects(issueClientCertificate(authority, "alice", { days: 0 }), RangeError);
});

Deno.test("issueClientCertificate refuses an authority with another's key, no key, or that is none", async () => {
  const [one, two] = [await createAuthority(), await createAuthority()];
  const mixed = { certificatePem: one.certificatePem, privateKeyPem: two.privateKeyPem };
  await assert.rejects(issueClientCertificate(mixed, "alice"), /the private key does not belong to/);
  const keyless = { certificatePem: one.certificatePem, privateKeyPem: "" };
  await assert.rejects(
    issueClientCertificate(keyless, "alice"),
    /Cannot read private key of the certificate authority/,
  );
  const rsa = await makeWithOpenssl({ key: "RSA 2048" });
  const otherType = { certificatePem: one.certificatePem, privateKeyPem: rsa.privateKeyPem };
  await assert.rejects(issueClientCertificate(otherType, "alice"), /not of the certificate's type/);
  await assert.rejects(
    issueClientCertificate(await issueClientCertificate(one, "alice"), "bob"),
    /Cannot trust "alice"/,
  );
});

for (const key of KEYS.keys()) {
  Deno.test(`issueClientCertificate signs with an ${key} authority made by OpenSSL`, async () => {
    const authority = await makeWithOpenssl({
      key,
      subject: "/C=DE/O=Müller/CN=CA",
      // A key identifier that is no hash of the key must be taken over.
      extensions: [
        "basicConstraints=critical,CA:TRUE",
        "keyUsage=critical,keyCertSign",
        "subjectKeyIdentifier=0102030405",
      ],
    });
    const { certificatePem } = await issueClientCertificate(authority, "alice", { role: "admin" });
    await verify(authority.certificatePem, certificatePem, "sslclient");
  });
}

Deno.test("issueClientCertificate reads the EC and RSA formats of older OpenSSL", async () => {
  using folder = new Folder();
  for (const key of ["EC P-256", "RSA 2048"] as const) {
    const authority = await makeWithOpenssl({
      key,
      extensions: ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign", "subjectKeyIdentifier=hash"],
    });
    const file = folder.write(`${key}.pem`, authority.privateKeyPem);
    const privateKeyPem = await openssl("pkey", "-traditional", "-in", file);
    assert.match(privateKeyPem, /BEGIN (EC|RSA) PRIVATE KEY/);
    const { certificatePem } = await issueClientCertificate({ ...authority, privateKeyPem }, "alice");
    await verify(authority.certificatePem, certificatePem, "sslclient");
  }
});
