import assert from "node:assert/strict";
import { createAuthority } from "../../lib/pki/authority.ts";
import { issueServerCertificate } from "../../lib/pki/server_certificate.ts";
import { describe, verify } from "./openssl.ts";

Deno.test("issueServerCertificate makes a certificate for names and addresses", async () => {
  const authority = await createAuthority();
  const hosts = ["Example.com", "localhost", "10.1.2.3", "::1", "2001:DB8::7", "::ffff:1.2.3.4"];
  const server = await issueServerCertificate(authority, hosts);
  await verify(authority.certificatePem, server.certificatePem, "sslserver");
  for (const host of ["example.com", "localhost"]) {
    await verify(authority.certificatePem, server.certificatePem, "sslserver", "-verify_hostname", host);
  }
  for (const address of ["10.1.2.3", "::1", "2001:db8::7", "::ffff:1.2.3.4"]) {
    await verify(authority.certificatePem, server.certificatePem, "sslserver", "-verify_ip", address);
  }
  const { certificatePem } = server;
  await assert.rejects(
    verify(authority.certificatePem, certificatePem, "sslserver", "-verify_hostname", "example.org"),
  );
  await assert.rejects(verify(authority.certificatePem, certificatePem, "sslserver", "-verify_ip", "10.1.2.4"));
  await assert.rejects(verify(authority.certificatePem, certificatePem, "sslclient"));
  const text = await describe(certificatePem);
  assert.match(text, /Basic Constraints: critical\s+CA:FALSE\n/);
  assert.match(text, /X509v3 Key Usage: critical\s+Digital Signature\n/);
  assert.match(text, /Extended Key Usage: \s+TLS Web Server Authentication\n/);
  assert.match(text, /Authority Key Identifier:/);
});

Deno.test("issueServerCertificate refuses hosts that cannot be", async () => {
  const authority = await createAuthority();
  await assert.rejects(issueServerCertificate(authority, []), /at least one host is needed/);
  for (
    const host of [
      "",
      ".",
      "a..b",
      "example.com.",
      "-a.example",
      "a-.example",
      "a_b",
      "a b",
      "*.example.com",
      "bücher.example",
      "a".repeat(64),
      `${"a.".repeat(127)}aa`,
      "1.2.3",
      "1.2.3.256",
      "01.2.3.4",
      "10.0.0.0/8",
      "[::1]",
      "::1/128",
      "fe80::1%eth0",
      "1::2::3",
      "localhost:443",
      "https://localhost",
    ]
  ) {
    await assert.rejects(
      issueServerCertificate(authority, ["localhost", host]),
      new TypeError(`Cannot make a certificate for host ${JSON.stringify(host)}: it is no DNS name or IP address`),
    );
  }
});
