import assert from "node:assert/strict";
import { createAuthority } from "../../lib/pki/authority.ts";
import { Authorities } from "../../lib/pki/authorities.ts";
import { issueClientCertificate } from "../../lib/pki/client_certificate.ts";
import { decodeCertificates } from "../../lib/pki/pem.ts";
import { parseAuthorities } from "../../lib/pki/trust.ts";
import { makeCertificate, withVersion } from "./make_certificate.ts";
import { describe, KEYS, makeWithOpenssl } from "./openssl.ts";

const DAY = 24 * 60 * 60 * 1000;

Deno.test("parseAuthorities accepts one authority and several", async () => {
  const { certificatePem } = await createAuthority();
  parseAuthorities(certificatePem);
  parseAuthorities(certificatePem + (await createAuthority()).certificatePem);
  parseAuthorities(certificatePem.replaceAll("\n", "\r\n"));
  parseAuthorities(certificatePem.trimEnd());
});

Deno.test("parseAuthorities accepts OpenSSL's authorities, with the text before them", async () => {
  for (const key of KEYS.keys()) {
    const { certificatePem } = await makeWithOpenssl({ key, extensions: ["basicConstraints=critical,CA:TRUE"] });
    parseAuthorities(await describe(certificatePem) + certificatePem);
  }
});

Deno.test("parseAuthorities refuses a client's certificate among authorities", async () => {
  const authority = await createAuthority();
  const client = await issueClientCertificate(authority, "alice");
  assert.throws(
    () => parseAuthorities(authority.certificatePem + client.certificatePem),
    new Error('Cannot trust "alice": it does not belong to a certificate authority (CA:TRUE is missing)'),
  );
});

Deno.test("parseAuthorities refuses version 1, and a key that may not sign certificates", async () => {
  const old = withVersion(1, await makeCertificate({}));
  const pem = `-----BEGIN CERTIFICATE-----\n${old.toBase64()}\n-----END CERTIFICATE-----\n`;
  assert.throws(() => parseAuthorities(pem), /Cannot trust "alice": it is X.509 version 1, not 3/);
  const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=cRLSign"];
  const { certificatePem } = await makeWithOpenssl({ subject: "/O=Acme/CN=Root", extensions });
  assert.throws(() => parseAuthorities(certificatePem), /Cannot trust "Acme, Root": its key may not sign certificates/);
});

Deno.test("parseAuthorities refuses an authority that has expired", async () => {
  const { certificatePem } = await createAuthority({ commonName: "Old CA", days: 1 });
  parseAuthorities(certificatePem);
  const later = new Date(Date.now() + 2 * DAY);
  assert.throws(() => parseAuthorities(certificatePem, later), /^Error: Cannot trust "Old CA": it has expired at 20/);
});

Deno.test("parseAuthorities refuses an authority that is not valid yet", async () => {
  const { certificatePem } = await createAuthority({ commonName: "New CA" });
  const before = new Date(Date.now() - DAY);
  assert.throws(
    () => parseAuthorities(certificatePem, before),
    /^Error: Cannot trust "New CA": it is not valid before 20/,
  );
  assert.throws(() => parseAuthorities(certificatePem, new Date(NaN)), /it is not valid before/);
});

Deno.test("parseAuthorities accepts one that is over, or not valid yet, beside one that is valid", async () => {
  const old = await createAuthority({ commonName: "Old CA", days: 1 });
  const young = await createAuthority({ commonName: "New CA", days: 10 });
  const both = old.certificatePem + young.certificatePem;
  const after = (days: number) => new Date(Date.now() + days * DAY);
  assert.equal(parseAuthorities(both, after(2)).length, 2);
  assert.throws(() => parseAuthorities(both, after(11)), /^Error: Cannot trust "Old CA": it has expired at 20/);
  const authorities = Authorities.parse(both);
  assert.deepEqual(authorities.notValid(after(0)), []);
  assert.match(authorities.notValid(after(2)).join(), /^"Old CA": it has expired at \S+Z$/);
  assert.match(
    authorities.notValid(after(-2)).join(),
    /^"Old CA": it is not valid before \S+Z,"New CA": it is not valid before/,
  );
});

Deno.test("parseAuthorities refuses critical extensions that nobody here heeds (RFC 5280, 4.2)", async () => {
  const usual = ["basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign"];
  for (
    const [extension, type] of [
      ["nameConstraints=critical,permitted;DNS:a.example", "2.5.29.30"],
      ["certificatePolicies=critical,1.2.3.4", "2.5.29.32"],
      ["extendedKeyUsage=critical,serverAuth", "2.5.29.37"],
      ["1.2.3.4=critical,ASN1:NULL", "1.2.3.4"],
    ] as const
  ) {
    const { certificatePem } = await makeWithOpenssl({ subject: "/CN=ca", extensions: [...usual, extension] });
    const message = `Cannot trust "ca": its critical extension "${type}" is unknown`;
    assert.throws(() => parseAuthorities(certificatePem), new Error(message));
    const harmless = [...usual, extension.replace("critical,", "")];
    parseAuthorities((await makeWithOpenssl({ subject: "/CN=ca", extensions: harmless })).certificatePem);
  }
});

Deno.test("parseAuthorities refuses files that are empty, damaged, or have something else in them", async () => {
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
    assert.throws(() => parseAuthorities(pem), (error) => {
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
