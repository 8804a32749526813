import { join } from "node:path";
import { equal, match } from "../support/assert.ts";
import { createAuthority } from "../../lib/pki/authority.ts";
import { authorityFiles } from "../../lib/pki/certificate_files.ts";
import type { Credential } from "../../lib/pki/credential.ts";
import { readCredential } from "../../lib/pki/read_credential.ts";
import { revoke } from "../../lib/pki/revoke.ts";
import type { Case } from "../faults/support/suite.ts";
import { Daemon } from "../support/daemon.ts";
import { askWithOpenssl } from "../support/openssl_client.ts";
import { until } from "../support/until.ts";
import { ACCEPTED, type Making, REFUSED } from "./support/certificates.ts";
import { Health } from "./support/health.ts";

const REVOKED = "7eadbeef";

/** Peers whose keys are right, but whose certificates leave a doubt. */
export const refusedCertificates: Case = {
  name: `${REFUSED.length} kinds of certificates that leave a doubt are refused, with a reason in the log`,
  run: async () => {
    await using daemon = await Daemon.start();
    const making = await prepare(daemon);
    const health = await Health.of(daemon);
    for (const { what, make, reason } of REFUSED) {
      const from = daemon.log.length;
      equal(await isAnswered(daemon, await make(making)), false, what);
      await until(`the daemon refuses ${what}`, () => daemon.log.slice(from).includes("Refused a "));
      match(daemon.log.slice(from), reason, `${what}: ${daemon.log.slice(from)}`);
    }
    for (const { what, make } of ACCEPTED) {
      equal(await isAnswered(daemon, await make(making)), true, what);
    }
    await health.check();
  },
};

/** Lets the daemon trust a second authority, and have a serial number revoked by its first. */
async function prepare(daemon: Daemon): Promise<Making> {
  const authority = await readCredential(authorityFiles(daemon.certs));
  const other = await createAuthority({ commonName: "Other CA" });
  await Deno.writeTextFile(join(daemon.certs, "ca.pem"), authority.certificatePem + other.certificatePem);
  await revoke(daemon.certs, `0x${REVOKED}`);
  await until("the daemon has taken it in", () => {
    const taken = [...daemon.log.matchAll(/Took in a change of [^.]*/g)].join();
    return taken.includes("the authorities") && taken.includes("the revoked certificates");
  });
  return { authority, stranger: await createAuthority(), other, revoked: REVOKED };
}

/** Whether the daemon answers who has this. */
async function isAnswered(daemon: Daemon, { certificatePem, privateKeyPem }: Credential): Promise<boolean> {
  await Deno.writeTextFile(join(daemon.certs, "peer.pem"), certificatePem);
  await Deno.writeTextFile(join(daemon.certs, "peer-key.pem"), privateKeyPem, { mode: 0o600 });
  // Deno's own client does not show every certificate.
  return (await askWithOpenssl(daemon, { certificate: "peer" })).includes("HTTP/1.1 200 ");
}
