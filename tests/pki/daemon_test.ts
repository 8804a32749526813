import { equal, match } from "node:assert/strict";
import { join } from "node:path";
import { authorityFiles } from "../../lib/pki/certificate_files.ts";
import { readCredential } from "../../lib/pki/read_credential.ts";
import { addClient, addServer, initAuthority } from "../../lib/pki/store.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";
import { makeWithOpenssl } from "./openssl.ts";

const ADMIN = "1.3.6.1.4.1.12345.1.1";
const USER = "1.3.6.1.4.1.12345.1.2";
const CLIENT = "extendedKeyUsage=clientAuth";

Deno.test("a daemon lets in nobody with a certificate of its authority that leaves a doubt, and says why", async (t) => {
  await using daemon = await Daemon.start();
  const issuer = await readCredential(authorityFiles(daemon.certs));
  for (
    const [name, subject, extensions, reason] of [
      ["both roles", "/CN=x", [CLIENT, `${ADMIN}=ASN1:NULL`, `${USER}=ASN1:NULL`], "it has the roles admin and user"],
      ["a malformed role", "/CN=x", [CLIENT, `${ADMIN}=ASN1:BOOLEAN:TRUE`], "its role extension is malformed"],
      ["no name", "/O=x", [CLIENT], "it has no common name"],
      ["two names", "/CN=x/CN=y", [CLIENT], "it has more than one common name"],
      ["a name that cannot be printed", "/CN=x\u202ey", [CLIENT], "its common name has characters that cannot be seen"],
      ["a key that may not sign", "/CN=x", [CLIENT, "keyUsage=keyEncipherment"], "its key may not sign"],
      // The TLS library stops these, and does not say why.
      ["CA:TRUE", "/CN=x", ["basicConstraints=CA:TRUE"], undefined],
      ["the purpose of a server", "/CN=x", ["extendedKeyUsage=serverAuth"], undefined],
    ] as const
  ) {
    await t.step(name, async () => {
      const made = await makeWithOpenssl({ subject, extensions, issuer });
      await Deno.writeTextFile(join(daemon.certs, "client-x.pem"), made.certificatePem);
      await Deno.writeTextFile(join(daemon.certs, "client-x-key.pem"), made.privateKeyPem, { mode: 0o600 });
      const before = daemon.log.length;
      const { code, stderr } = await teleworker(daemon, ["list"], { identity: "x" });
      equal(code, 1);
      match(stderr, /does not accept our certificate/);
      await until("the daemon has refused it", () => daemon.log.slice(before).includes("Refused"));
      if (reason === undefined) return;
      match(daemon.log.slice(before), new RegExp(`\\(serial [0-9a-f]+\\): ${reason}`));
    });
  }
});

Deno.test("a daemon and its clients go from one authority to the next with both in ca.pem", async () => {
  await using daemon = await Daemon.start();
  const next = join(daemon.folder.path, "next");
  await initAuthority(next);
  await addServer(next, ["localhost", "127.0.0.1"]);
  await addClient(next, "carol");
  const both = await Deno.readTextFile(join(daemon.certs, "ca.pem")) + await Deno.readTextFile(join(next, "ca.pem"));
  await daemon.end();
  await Deno.writeTextFile(join(daemon.certs, "ca.pem"), both);
  for (const name of ["client-carol.pem", "client-carol-key.pem"]) {
    await Deno.copyFile(join(next, name), join(daemon.certs, name));
  }
  for (const server of ["the old one's", "the new one's"]) {
    await daemon.run();
    for (const identity of ["alice", "carol"]) {
      using https = await Https.as(daemon, identity);
      equal((await https.start({ command: "true" })).owner, identity, server);
      const { code, stderr } = await teleworker(daemon, ["list"], { identity });
      equal(`${code} ${stderr}`, "0 ", server);
    }
    await daemon.end();
    for (const name of ["server.pem", "server-key.pem"]) {
      await Deno.copyFile(join(next, name), join(daemon.certs, name));
    }
  }
});
