import assert from "node:assert/strict";
import { createAuthority } from "../../lib/pki/authority.ts";
import { issueClientCertificate } from "../../lib/pki/client_certificate.ts";
import { decodeCertificates } from "../../lib/pki/pem.ts";
import { checkAuthorities } from "../../lib/pki/trust.ts";
import { makeCertificate, withVersion } from "./make_certificate.ts";
import { describe, KEYS, makeWithOpenssl } from "./openssl.ts";

const DAY = 24 * 60 * 60 * 1000;

Deno.test("checkAuthorities accepts one authority and several", async () => {
  const { certificatePem } = await createAuthority();
  checkAuthorities(certificatePem);
  checkAuthorities(certificatePem + (await createAuthority()).certificatePem);
  checkAuthorities(certificatePem.replaceAll("\n", "\r\n"));
  checkAuthorities(certificatePem.trimEnd());
});

Deno.test("checkAuthorities accepts OpenSSL's authorities, with the text before them", async () => {
  for (const key of KEYS.keys()) {
    const { certificatePem } = await makeWithOpenssl({ key, extensions: ["basicConstraints=critical,CA:TRUE"] });
    checkAuthorities(await describe(certificatePem) + certificatePem);
  }
});

Deno.test("checkAuthorities refuses a client's certificate among authorities", async () => {
  const authority = await createAuthority();
  const client = await issueClientCertificate(authority, "alice");
  assert.throws(
    () => checkAuthorities(authority.certificatePem + client.certificatePem),
    new Error('Cannot trust "alice": it does not belong to a certificate authority (CA:TRUE is missing)'),
  );
});

Deno.test("checkAuthorities refuses version 1, and a key that may not sign certificates", async () => {
  const old = withVersion(1, await makeCertificate({}));
  const pem = `-----BEGIN CERTIFICATE-----\n${old.toBase64()}\n-----END CERTIFICATE-----\n`;
  assert.throws(() => checkAuthorities(pem), /Cannot trust "alice": it is X.509 version 1, not 3/);
  const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=cRLSign"];
  const { certificatePem } = await makeWithOpenssl({ subject: "/O=Acme/CN=Root", extensions });
  assert.throws(() => checkAuthorities(certificatePem), /Cannot trust "Acme, Root": its key may not sign certificates/);
});

Deno.test("checkAuthorities refuses an authority that has expired", async () => {
  const { certificatePem } = await createAuthority({ commonName: "Old CA", days: 1 });
  checkAuthorities(certificatePem);
  const later = new Date(Date.now() + 2 * DAY);
  assert.throws(() => checkAuthorities(certificatePem, later), /^Error: Cannot trust "Old CA": it has expired at 20/);
});

Deno.test("checkAuthorities refuses files that are empty, damaged, or have something else in them", async () => {
  const { certificatePem, privateKeyPem } = await createAuthority();
  for (
    const [pem, reason] of [
      ["", /there is no certificate/],
      ["text\n", /there is no certificate/],
      [certificatePem + privateKeyPem, /"PRIVATE KEY" is no certificate/],
      [certificatePem.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE"), /"TRUSTED CERTIFICATE" is no certificate/],
      [certificatePem.slice(0, -20), /a block is damaged/],
      [certificatePem + certificatePem.slice(0, 100), /a block is damaged/],
      [certificatePem.replace("\nM", "\n!"), /a block is damaged/],
      [certificatePem.replace("\nM", "\n"), /a block is not base64|Cannot read DER/],
      ["-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", /Cannot read DER/],
      ["-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", /Cannot read DER/],
    ] as const
  ) {
    assert.throws(() => checkAuthorities(pem), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /^Cannot read trusted authorities: /);
      assert.match(error.message, reason);
      return true;
    });
  }
});

Deno.test("decodeCertificates gives back what was encoded", async () => {
  const der = await makeCertificate({});
  const pem = `-----BEGIN CERTIFICATE-----\n${der.toBase64()}\n-----END CERTIFICATE-----\n`;
  assert.deepEqual(decodeCertificates(pem + pem), [der, der]);
});
