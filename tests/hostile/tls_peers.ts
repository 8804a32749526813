import { join } from "node:path";
import { equal, match, ok } from "../support/assert.ts";
import type { Case } from "../faults/support/suite.ts";
import { RawConnection, type RawOptions } from "../server/transport/raw.ts";
import { makeCertificates } from "../support/certificates.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { askWithOpenssl } from "../support/openssl_client.ts";
import { Health } from "./support/health.ts";

const REQUEST = "GET /v1/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/** Peers whose TLS is right, but who may not come in. */
export const tlsPeers: Case = {
  name: "peers without a certificate, with a stranger's, or with an older TLS get nothing, and there is no early data",
  run: async () => {
    await using daemon = await Daemon.start();
    const health = await Health.of(daemon);
    await using folder = await TemporaryFolder.create();
    await makeCertificates(folder.path);
    const refused: RawOptions[] = [
      { certificate: null },
      { certs: folder.path },
      { certificate: "server" },
      { certificate: "ca" },
      { maxVersion: "TLSv1.2" },
      { maxVersion: "TLSv1.2", certificate: null },
    ];
    for (const options of refused) await getsNothing(daemon, options);
    await takesNoEarlyData(daemon, folder.path);
    await health.check();
  },
};

async function getsNothing(daemon: Daemon, options: RawOptions): Promise<void> {
  await using connection = await RawConnection.open(daemon, options);
  await connection.send(REQUEST);
  equal(await connection.ended(), "", JSON.stringify(options));
}

/** A server that allowed early data (RFC 8446, 4.2.10) would take a request that somebody sends a second time. */
async function takesNoEarlyData(daemon: Daemon, folder: string): Promise<void> {
  const [session, early] = [join(folder, "session.pem"), join(folder, "early")];
  await Deno.writeTextFile(early, REQUEST);
  match(await askWithOpenssl(daemon, { certificate: "client-alice" }, "-sess_out", session), /Max Early Data: 0/);
  const again = await askWithOpenssl(
    daemon,
    { certificate: "client-alice" },
    "-sess_in",
    session,
    "-early_data",
    early,
  );
  ok(!again.includes("Early data was accepted"), again);
  equal(again.match(/HTTP\/1.1 200/g)?.length, 1, again);
}
