import { equal, ok } from "../support/assert.ts";
import { whyNotDescriptors, withDescriptors } from "../faults/support/descriptors.ts";
import type { Case } from "../faults/support/suite.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { Health } from "./support/health.ts";
import { TcpConnection } from "./support/tcp.ts";
import { clientHello, interfere } from "./support/tls.ts";

const CONNECTIONS = 2_000;
/** Descriptors that we and the daemon must be allowed for them. */
const DESCRIPTORS = 6 * CONNECTIONS + 1_000;

/** Clients that stop in the middle of their handshake. */
export const tlsStalled: Case = {
  name: `${CONNECTIONS} handshakes that stall hold up no client, and are gone in the end, wherever they stalled`,
  impossible: whyNotDescriptors(DESCRIPTORS),
  run: () => withDescriptors(DESCRIPTORS, flood),
};

async function flood(): Promise<void> {
  await using daemon = await Daemon.start();
  using kept = await Https.as(daemon, "alice");
  const health = await Health.of(daemon);
  const hello = await clientHello();
  // Byte by byte through the beginnings of its records and messages, and in the middle of them.
  const stages = [
    0,
    1,
    4,
    5,
    6,
    9,
    40,
    hello.length - 1,
    hello.length,
    ...[1, 5, 6, 7, 11, 100, 400].map((more) => hello.length + more),
  ].map((bytes) => stall(daemon, bytes));
  await using stack = new AsyncDisposableStack();
  const connections: TcpConnection[] = [];
  while (connections.length < CONNECTIONS) {
    const batch = await Promise.all(Array.from({ length: 100 }, () => TcpConnection.open(daemon.address)));
    for (const connection of batch) {
      stack.use(connection).send(hello);
      connections.push(connection);
    }
    equal(await kept.status("/v1/jobs"), 200, `The client got no answer beside ${connections.length} connections`);
  }
  const { code, stdout, stderr } = await teleworker(daemon, ["run", "--", "echo", "served"]);
  equal(stdout, "served\n", stderr);
  equal(code, 0);
  await Promise.all([...connections.map((connection) => connection.ended()), ...stages]);
  await health.check();
}

/** A client of which only so many bytes ever arrive. */
async function stall(daemon: Daemon, bytes: number): Promise<void> {
  const answer = await interfere(daemon, (before, chunk) => chunk.subarray(0, Math.max(0, bytes - before)));
  ok(answer === "", `A client that said ${bytes} bytes was answered`);
}
