import { join } from "node:path";
import { equal, match } from "../support/assert.ts";
import { authorityFiles } from "../../lib/pki/certificate_files.ts";
import { readCredential } from "../../lib/pki/read_credential.ts";
import { addClient, addServer, initAuthority } from "../../lib/pki/store.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";
import { makeWithOpenssl } from "./openssl.ts";

// What else is refused is a case of the hostile suite.
Deno.test("a client with a certificate that leaves a doubt is told so, and the daemon's log says why", async () => {
  await using daemon = await Daemon.start();
  const issuer = await readCredential(authorityFiles(daemon.certs));
  const made = await makeWithOpenssl({ subject: "/CN=x/CN=y", extensions: ["extendedKeyUsage=clientAuth"], issuer });
  await Deno.writeTextFile(join(daemon.certs, "client-x.pem"), made.certificatePem);
  await Deno.writeTextFile(join(daemon.certs, "client-x-key.pem"), made.privateKeyPem, { mode: 0o600 });
  const { code, stderr } = await teleworker(daemon, ["list"], { identity: "x" });
  equal(code, 1);
  match(stderr, /does not accept our certificate/);
  await until("the daemon says why", () => daemon.log.includes("it has more than one common name"));
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
