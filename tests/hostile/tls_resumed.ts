import { join } from "node:path";
import { equal, match, ok } from "../support/assert.ts";
import type { Random } from "../faults/support/random.ts";
import type { Case } from "../faults/support/suite.ts";
import { Daemon } from "../support/daemon.ts";
import { Health } from "./support/health.ts";
import { askWithOpenssl } from "../support/openssl_client.ts";

/** A start of nothing: a user may not start (403), an operator is told what is wrong with it (400). */
const START = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const OF = { alice: "400", eve: "403" } as const;
/** Tickets with wrong bytes in them. */
const MUTATIONS = 20;

/** Sessions that are taken up again: by others, elsewhere, or with changes. */
export const tlsResumed: Case = {
  name:
    "a resumed session is whose it was, with any certificate beside it, and elsewhere or changed it is worth nothing",
  run: async (random) => {
    await using daemon = await Daemon.start();
    await using other = await Daemon.start();
    const health = await Health.of(daemon);
    const file = (name: string) => join(daemon.folder.path, name);
    for (const [name, second] of [["alice", "eve"], ["eve", "alice"]] as const) {
      const session = file(`session-${name}`);
      equal(
        statusIn(await askWithOpenssl(daemon, { certificate: `client-${name}`, request: START }, "-sess_out", session)),
        OF[name],
      );
      const resumed = await askWithOpenssl(
        daemon,
        { certificate: `client-${second}`, request: START },
        "-sess_in",
        session,
      );
      match(resumed, /^Reused, TLSv1\.3/m);
      equal(statusIn(resumed), OF[name], `The session of ${name} was that of ${second}`);
    }
    const session = file("session-eve");
    equal(
      statusIn(await askWithOpenssl(daemon, { certificate: "client-eve", request: START }, "-sess_out", session)),
      OF.eve,
    );
    // Another daemon has another authority, and tickets of its own: it takes the certificate, which is a stranger's to it.
    const elsewhere = await askWithOpenssl(
      { address: other.address, certs: daemon.certs },
      { certificate: "client-eve", request: START },
      "-sess_in",
      session,
    );
    ok(!/^Reused/m.test(elsewhere) && statusIn(elsewhere) === undefined, elsewhere);
    const pem = await Deno.readTextFile(session);
    await Promise.all(Array.from({ length: MUTATIONS }, async (_, number) => {
      const changed = file(`changed-${number}`);
      await Deno.writeTextFile(changed, changeTicket(pem, random));
      const answer = await askWithOpenssl(daemon, { certificate: "client-alice", request: START }, "-sess_in", changed);
      // A whole handshake with her own certificate, or none.
      const status = statusIn(answer);
      ok((status === OF.alice || status === undefined) && !/^Reused/m.test(answer), answer);
    }));
    await health.check();
  },
};

/** A session as openssl keeps it, with a bit of its ticket turned over: the ticket is all of its end but some bytes, and long. */
function changeTicket(pem: string, random: Random): string {
  const der = Uint8Array.fromBase64(pem.replaceAll(/-----.*-----/g, ""));
  const at = der.length - random.between(20, 500);
  const changed = der.with(at, (der[at] ?? 0) ^ (1 << random.between(0, 7)));
  return `-----BEGIN SSL SESSION PARAMETERS-----\n${
    changed.toBase64().replace(/.{64}(?=.)/g, "$&\n")
  }\n-----END SSL SESSION PARAMETERS-----\n`;
}

function statusIn(text: string): string | undefined {
  return /HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
}
