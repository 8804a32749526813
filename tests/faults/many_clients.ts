import { equal, ok } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { whyNotDescriptors, withDescriptors } from "./support/descriptors.ts";
import type { Case } from "./support/suite.ts";

const CONNECTIONS = 2_000;
/** Descriptors that the daemon must be allowed for them: it takes a connection to need up to six. */
const DESCRIPTORS = 6 * CONNECTIONS + 1_000;

/** Clients connect and never begin their handshake. */
export const manyClients: Case = {
  name: `${CONNECTIONS} half-open connections hold up no client, and are gone in the end`,
  impossible: whyNotDescriptors(DESCRIPTORS),
  run: () => withDescriptors(DESCRIPTORS, flood),
};

async function flood(): Promise<void> {
  await using daemon = await Daemon.start();
  using kept = await Https.as(daemon, "alice");
  equal(await kept.status("/v1/jobs"), 200);
  const [hostname = "", port = ""] = daemon.address.split(":");
  const connections: Deno.TcpConn[] = [];
  try {
    for (let opened = 0; opened < CONNECTIONS; opened += 100) {
      const batch = Array.from({ length: 100 }, () => Deno.connect({ hostname, port: Number(port) }));
      connections.push(...await Promise.all(batch));
      equal(await kept.status("/v1/jobs"), 200, `The client got no answer beside ${connections.length} connections`);
    }
    const { code, stdout, stderr } = await teleworker(daemon, ["run", "--", "echo", "served"]);
    equal(stdout, "served\n", stderr);
    equal(code, 0);
    ok((await Promise.all(connections.map(isOver))).every((over) => over));
    equal(await kept.status("/v1/jobs"), 200);
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** Waits until the server has ended a connection on which it says nothing. */
async function isOver(connection: Deno.TcpConn): Promise<boolean> {
  const byte = new Uint8Array(1);
  return await connection.read(byte).catch(() => null) === null;
}
