import { equal, ok } from "node:assert/strict";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { command } from "./support/command.ts";
import type { Case } from "./support/suite.ts";

const CONNECTIONS = 2_000;
/** Descriptors that the daemon must be allowed for them: it takes a connection to need up to six. */
const DESCRIPTORS = 6 * CONNECTIONS + 1_000;

const limits = openFiles();

/** Clients connect and never begin their handshake. */
export const manyClients: Case = {
  name: `${CONNECTIONS} half-open connections hold up no client, and are gone in the end`,
  impossible: limits.hard < DESCRIPTORS ? `no process may have ${DESCRIPTORS} descriptors` : null,
  run: async () => {
    if (limits.soft >= DESCRIPTORS) return await flood();
    // The daemon inherits it.
    await command("prlimit", `--pid=${Deno.pid}`, `--nofile=${DESCRIPTORS}:`);
    try {
      await flood();
    } finally {
      await command("prlimit", `--pid=${Deno.pid}`, `--nofile=${limits.soft}:`);
    }
  },
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

/** How many descriptors we may have, and how many we may allow ourselves. */
function openFiles(): { soft: number; hard: number } {
  const [, soft, hard] = /^Max open files\s+(\d+)\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits")) ?? [];
  return { soft: Number(soft), hard: Number(hard) };
}
