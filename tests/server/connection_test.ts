import { equal } from "node:assert/strict";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Connection } from "../../lib/server/connection.ts";
import { makeCertificates } from "../support/certificates.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

const CONNECTIONS = 10;

/** Collects garbage now. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

Deno.test("Connection leaves nothing in memory once its peer has gone", async () => {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  const read = (file: string) => Deno.readTextFileSync(join(folder.path, file));
  const peers: WeakRef<TLSSocket>[] = [];
  const closed: Promise<void>[] = [];
  const server = createServer(
    { ca: read("ca.pem"), cert: read("server.pem"), key: read("server-key.pem"), requestCert: true },
    (peer) => {
      const caller = { name: "alice", role: "operator" } as const;
      const connection = new Connection(peer, caller, folder.path, () => Promise.resolve(new Response("here")));
      peers.push(new WeakRef(peer));
      closed.push(connection.closed);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  try {
    for (let turn = 0; turn < CONNECTIONS; turn++) {
      using client = Deno.createHttpClient({
        caCerts: [read("ca.pem")],
        cert: read("client-alice.pem"),
        key: read("client-alice-key.pem"),
      });
      equal(await (await fetch(`https://127.0.0.1:${port}/`, { client })).text(), "here");
    }
    await until("every connection is closed", () => closed.length === CONNECTIONS);
    await Promise.all(closed);
    await until("every socket is collected", () => {
      collect();
      // The last may still stand on the stack of the event loop.
      return peers.filter((peer) => peer.deref() !== undefined).length <= 1;
    }, 10);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
