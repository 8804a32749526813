import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { once } from "node:events";
import tls from "node:tls";
import { createAuthority } from "../../lib/pki/authority.ts";
import { issueClientCertificate } from "../../lib/pki/client_certificate.ts";
import type { Credential } from "../../lib/pki/credential.ts";
import { identify, type Identity, IdentityError } from "../../lib/pki/identity.ts";
import { issueServerCertificate } from "../../lib/pki/server_certificate.ts";
import { KEYS, makeWithOpenssl } from "./openssl.ts";

/** A server that tells each client, in JSON, who it is; or, as text, why it is nobody. */
async function serve(caPem: string, server: Credential): Promise<{ port: number } & AsyncDisposable> {
  const listener = tls.createServer({
    ca: caPem,
    cert: server.certificatePem,
    key: server.privateKeyPem,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
  }, (socket) => {
    socket.on("error", () => {});
    try {
      socket.end(JSON.stringify(identify(socket.getPeerCertificate().raw)));
    } catch (error) {
      socket.end(error instanceof IdentityError ? error.message : "not an IdentityError");
    }
  });
  listener.on("tlsClientError", () => {});
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    port: address.port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => listener.close(() => resolve())),
  };
}

/** What the server says to this client. */
async function ask(port: number, caPem: string, client: Credential, servername = "localhost"): Promise<string> {
  const { certificatePem: cert, privateKeyPem: key } = client;
  const socket = tls.connect({ host: "127.0.0.1", port, servername, ca: caPem, cert, key });
  socket.on("error", () => {}); // whoever waits for the handshake or the data gets it too
  const closed = new Promise((resolve) => socket.once("close", resolve));
  try {
    await once(socket, "secureConnect");
    assert.equal(socket.getProtocol(), "TLSv1.3");
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString();
  } finally {
    socket.destroy();
    await closed;
  }
}

Deno.test("the certificates made here hold for TLS 1.3 on both sides", async () => {
  const authority = await createAuthority();
  const ca = authority.certificatePem;
  await using server = await serve(ca, await issueServerCertificate(authority, ["localhost", "127.0.0.1"]));
  for (const role of ["admin", "user", "operator"] as const) {
    const client = await issueClientCertificate(authority, "alice", { role });
    const identity: Identity = JSON.parse(await ask(server.port, ca, client));
    assert.deepEqual({ ...identity, serial: "" }, { name: "alice", role, serial: "" });
  }
});

for (const key of KEYS.keys()) {
  Deno.test(`${key} certificates of OpenSSL hold for TLS 1.3 as clients`, async () => {
    const authority = await createAuthority();
    await using server = await serve(authority.certificatePem, await issueServerCertificate(authority, ["localhost"]));
    const client = await makeWithOpenssl({
      key,
      issuer: authority,
      extensions: ["basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth", "1.3.6.1.4.1.12345.1.2=ASN1:NULL"],
    });
    assert.match(await ask(server.port, authority.certificatePem, client), /"name":"alice","role":"user"/);
  });
}

Deno.test("TLS refuses a client of another authority of the same name", async () => {
  const [authority, other] = [await createAuthority(), await createAuthority()];
  await using server = await serve(authority.certificatePem, await issueServerCertificate(authority, ["localhost"]));
  const client = await issueClientCertificate(other, "alice");
  // The handshake of TLS 1.3 ends for the client before the server has seen its certificate.
  assert.equal(await ask(server.port, authority.certificatePem, client).catch(() => ""), "");
});

Deno.test("TLS refuses a server of another authority, or of another host", async () => {
  const [authority, other] = [await createAuthority(), await createAuthority()];
  const client = await issueClientCertificate(authority, "alice");
  await using server = await serve(authority.certificatePem, await issueServerCertificate(authority, ["localhost"]));
  await assert.rejects(ask(server.port, other.certificatePem, client));
  await assert.rejects(ask(server.port, authority.certificatePem, client, "example.com"));
});

Deno.test("identify refuses, in the handshake's callback, what TLS lets in", async () => {
  const authority = await createAuthority();
  await using server = await serve(authority.certificatePem, await issueServerCertificate(authority, ["localhost"]));
  // An authority that presents itself, which the TLS library may take for somebody it trusts.
  const answer = await ask(server.port, authority.certificatePem, authority).catch(() => "refused by TLS");
  assert.match(answer, /belongs to a certificate authority|refused by TLS/);
});
