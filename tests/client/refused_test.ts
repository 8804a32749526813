import { createServer } from "node:net";
import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { initAuthority } from "../../lib/pki/store.ts";
import { makeCertificates } from "../support/certificates.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { OpensslRevocations } from "../support/openssl_authority.ts";
import { teleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";
import { closedPort } from "./closed_port.ts";
import { listening } from "./listening.ts";
import { OpensslServer } from "./openssl_server.ts";
import { replaceCertificate } from "./signed_certificate.ts";

const CLOSED =
  "it closed the connection, as a server does that does not accept our certificate: revoked, or of another authority?";

/** Why `list` says that it cannot reach the server. */
async function complaint(address: string, certs: string): Promise<string> {
  const { code, stdout, stderr } = await teleworker({ address, certs }, ["list"]);
  equal(stdout, "");
  equal(code, 1, stderr);
  const begin = `teleworker: Cannot reach the server at "https://${address}": `;
  equal(stderr.slice(0, begin.length), begin);
  return stderr.slice(begin.length, -1);
}

Deno.test("a client says why OpenSSL's server refuses its certificate", async (t) => {
  await using folder = await TemporaryFolder.create();
  const certs = join(folder.path, "certs");
  await makeCertificates(certs);
  const authority = ["-CAfile", join(certs, "ca.pem")];

  await t.step("revoked", async () => {
    const revocations = await OpensslRevocations.create(join(folder.path, "openssl"), certs);
    await revocations.revoke("alice");
    const list = join(folder.path, "crl.pem");
    await Deno.writeTextFile(list, await revocations.list());
    await using server = await OpensslServer.start(certs, ...authority, "-CRL", list, "-crl_check");
    equal(await complaint(server.address, certs), "it says that our certificate was revoked");
  });

  await t.step("of an authority that it does not know", async () => {
    const strangers = join(folder.path, "strangers");
    await initAuthority(strangers);
    await using server = await OpensslServer.start(certs, "-CAfile", join(strangers, "ca.pem"));
    equal(
      await complaint(server.address, certs),
      "it says that our certificate is not from an authority that it trusts",
    );
  });

  await t.step("over by its clock, and not by ours", async () => {
    const later = String(Math.floor(Date.now() / 1000) + 100 * 24 * 3600);
    await using server = await OpensslServer.start(certs, ...authority, "-attime", later);
    equal(await complaint(server.address, certs), "it says that our certificate has expired");
  });

  await t.step("over by both", async () => {
    await using server = await OpensslServer.start(certs, ...authority);
    await replaceCertificate(certs, "client-alice", -48);
    equal(await complaint(server.address, certs), "our certificate expired 1 day ago: teleworker certs renew alice");
  });
});

Deno.test("a client says what any alert means", async () => {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  const noAuthority = "it says that our certificate is not from an authority that it trusts";
  // By RFC 8446, 6.2, in the clear, as a server may send them before there are keys.
  const alerts: [number, string][] = [
    [42, noAuthority], // bad_certificate
    [43, "it says that our certificate is not for clients"], // unsupported_certificate
    [44, "it says that our certificate was revoked"],
    [45, "it says that our certificate has expired"],
    [46, noAuthority], // certificate_unknown
    [48, noAuthority], // unknown_ca
    [49, "it does not accept our certificate"], // access_denied
    [70, "it does not speak TLS 1.3"], // protocol_version
    [116, "it does not accept our certificate"], // certificate_required
    [80, CLOSED], // internal_error
  ];
  for (const [alert, reason] of alerts) {
    await using server = await listening(createServer((socket) => {
      socket.on("error", () => {}).once("data", () => socket.end(new Uint8Array([21, 3, 3, 0, 2, 2, alert])));
    }));
    equal(await complaint(server.address, folder.path), reason, String(alert));
  }
});

Deno.test("a client whose certificate the daemon has revoked says so", async () => {
  await using daemon = await Daemon.start();
  equal((await teleworker(daemon, ["list"])).code, 0);
  const revoked = await teleworker(daemon, ["certs", "revoke", "--certs", daemon.certs, "alice"]);
  equal(revoked.code, 0, revoked.stderr);
  await until("the daemon knows", () => /Took in a change of .*revoked certificates/.test(daemon.log));
  const { code, stdout, stderr } = await teleworker(daemon, ["list"]);
  deepEqual({ code, stdout }, { code: 1, stdout: "" });
  match(stderr, /^teleworker: Cannot accept client certificate "alice" \(serial [0-9a-f]+\): it was revoked\n$/);
});

Deno.test("a client goes to any port, also one that web browsers do not", async () => {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  equal(await complaint("127.0.0.1:9", folder.path), "connection refused; is teleworkerd running there?");
});

Deno.test("a client says why also when its certificate's file has the key behind it", async () => {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  const key = await Deno.readTextFile(join(folder.path, "client-alice-key.pem"));
  await Deno.writeTextFile(join(folder.path, "client-alice.pem"), key, { append: true });
  equal(await complaint(closedPort(), folder.path), "connection refused; is teleworkerd running there?");
});

Deno.test("a client asks for hosts with names in any script", async () => {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  const { stderr } = await teleworker({ address: "日本.invalid", certs: folder.path }, ["list"]);
  match(
    stderr,
    /server at "https:\/\/xn--wgv71a\.invalid:8443": (?:no host has this name|its name cannot be looked up now)\n/,
  );
});
