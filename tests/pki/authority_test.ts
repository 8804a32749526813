import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { BasicConstraintsExtension } from "@peculiar/x509";
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createAuthority } from "../../lib/pki/authority.ts";
import { openAuthority } from "../../lib/pki/signing_authority.ts";
import { lifetime } from "./lifetime.ts";
import { makeCredential } from "./make_certificate.ts";
import { describe, verify } from "./openssl.ts";

Deno.test("createAuthority makes an authority as OpenSSL knows it", async () => {
  const before = Date.now();
  const authority = await createAuthority({ commonName: "Example CA" });
  const text = await describe(authority.certificatePem);
  for (
    const expected of [
      /Version: 3 /,
      /Issuer: CN ?= ?Example CA\n/,
      /Subject: CN ?= ?Example CA\n/,
      /Signature Algorithm: ecdsa-with-SHA256/,
      /ASN1 OID: prime256v1/,
      /Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/,
      /Key Usage: critical\s+Certificate Sign, CRL Sign\n/,
      /Subject Key Identifier:/,
    ]
  ) assert.match(text, expected);
  const { from, days } = lifetime(authority.certificatePem);
  assert.ok(from <= before - 5 * 60 * 1000, "valid for those whose clock is five minutes late");
  assert.equal(Math.floor(days), 3650);
  assert.match(authority.privateKeyPem, /^-----BEGIN PRIVATE KEY-----\n/);
  await verify(authority.certificatePem, authority.certificatePem, "any");
});

Deno.test("createAuthority gives every certificate a positive random serial number of 16 bytes", async () => {
  const serials = new Set<string>();
  for (let i = 0; i < 20; i++) serials.add(new X509Certificate((await createAuthority()).certificatePem).serialNumber);
  assert.equal(serials.size, 20);
  for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{31}$/);
});

Deno.test("createAuthority refuses names and days that cannot be", async () => {
  for (const commonName of ["", "a".repeat(65), "a\nb", " ", "a\u202eb"]) {
    await assert.rejects(createAuthority({ commonName }), TypeError);
  }
  for (const days of [0, -1, 1.5, NaN, Infinity, 3651]) await assert.rejects(createAuthority({ days }), RangeError);
});

Deno.test("openAuthority signs with none that has expired, whichever is beside it", async () => {
  const extensions = [new BasicConstraintsExtension(true, 0, true)];
  const old = await makeCredential({ subject: [{ CN: ["Old CA"] }], extensions, from: -2, until: -1 });
  const beside = await createAuthority();
  const file = { ...old, certificatePem: old.certificatePem + beside.certificatePem };
  await assert.rejects(openAuthority(file), /^Error: Cannot trust "Old CA": it has expired at 20/);
  await openAuthority({ ...beside, certificatePem: beside.certificatePem + old.certificatePem });
});
