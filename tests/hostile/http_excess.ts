import { deepEqual, equal, ok } from "../support/assert.ts";
import { MAX_BODY_BYTES } from "../../lib/contract/mod.ts";
import type { Case } from "../faults/support/suite.ts";
import { RawConnection } from "../server/transport/raw.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { parseAnswers } from "./support/answers.ts";
import { Health } from "./support/health.ts";

const POST = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
const PIECE = 2 ** 16;
/** Connections of each kind. */
const MANY = 20;
/** Bytes of a log that many ask for and nobody reads. */
const LOG = 64 * 2 ** 20;

/** Peers that send too much, too slowly, or do not listen. */
export const httpExcess: Case = {
  name: "who sends too much, too slowly or without end is cut off, and who does not read costs little",
  run: async () => {
    await using daemon = await Daemon.start();
    using alice = await Https.as(daemon, "alice");
    const args = ["-c", String(LOG), "/dev/zero"];
    const { id } = await alice.wait((await alice.start({ command: "head", args })).id);
    const health = await Health.of(daemon);
    const kinds = [
      largeHeader,
      manyHeaders,
      endlessLine,
      largeBody,
      endlessBody,
      endlessExtension,
      slowHeaders,
      slowBody,
    ];
    const all = kinds.flatMap((kind) => Array.from({ length: MANY }, () => kind(daemon)));
    const unread = Array.from({ length: MANY }, () => nobodyReads(daemon, id));
    await Promise.all([...all, ...unread]);
    await health.check();
  },
};

async function largeHeader(daemon: Daemon): Promise<void> {
  await refused(daemon, [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(2 ** 20)}\r\n\r\n`], [431]);
}

async function manyHeaders(daemon: Daemon): Promise<void> {
  const headers = Array.from({ length: 10_000 }, (_, number) => `X-${number}: x\r\n`).join("");
  await refused(daemon, [`GET / HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`], [431]);
}

async function endlessLine(daemon: Daemon): Promise<void> {
  await refused(daemon, repeat("GET /", "x".repeat(PIECE)), [400, 414, 431]);
}

async function largeBody(daemon: Daemon): Promise<void> {
  const length = MAX_BODY_BYTES + 1;
  const body = JSON.stringify({ command: "x".repeat(length) }).slice(0, length);
  await using connection = await RawConnection.open(daemon);
  await connection.send(`${POST}Content-Length: ${length}\r\n\r\n${body}`);
  await connection.said("HTTP/1.1 413 ");
}

async function endlessBody(daemon: Daemon): Promise<void> {
  const chunk = `${PIECE.toString(16)}\r\n${"x".repeat(PIECE)}\r\n`;
  await refused(daemon, repeat(`${POST}Transfer-Encoding: chunked\r\n\r\n`, chunk), [413]);
}

async function endlessExtension(daemon: Daemon): Promise<void> {
  await refused(daemon, repeat(`${POST}Transfer-Encoding: chunked\r\n\r\n2;`, "x".repeat(PIECE)), []);
}

/** More than anyone should take, and not without end, lest a failure of this test were one of its host. */
function* repeat(first: string, next: string): Generator<string> {
  yield first;
  for (let sent = 0; sent < 16 * MAX_BODY_BYTES; sent += next.length) yield next;
}

/** Sends this, and expects one answer with one of these, or none where what was still under way took it with it. */
async function refused(daemon: Daemon, pieces: Iterable<string>, expected: readonly number[]): Promise<void> {
  await using connection = await RawConnection.open(daemon);
  for (const piece of pieces) {
    if (connection.over) break;
    await connection.send(piece);
  }
  const answers = parseAnswers(await connection.ended());
  ok(answers.length <= 1, connection.received);
  for (const { status } of answers) ok(expected.includes(status), `${status} rather than one of ${expected}`);
}

async function slowHeaders(daemon: Daemon): Promise<void> {
  await using connection = await RawConnection.open(daemon);
  await connection.send("GET /v1/version HTTP/1.1\r\n");
  deepEqual(await drip(connection, "X: x\r\n"), [408]);
}

async function slowBody(daemon: Daemon): Promise<void> {
  await using connection = await RawConnection.open(daemon);
  await connection.send(`${POST}Connection: close\r\nContent-Length: 1000\r\n\r\n{`);
  deepEqual(parseAnswers(await connection.ended()).map(({ status }) => status), [408]);
}

/** Sends a little every second until the server has had enough; the statuses that it answered. */
async function drip(connection: RawConnection, drop: string): Promise<number[]> {
  const timer = setInterval(() => void connection.send(drop), 1000);
  try {
    return parseAnswers(await connection.ended()).map(({ status }) => status);
  } finally {
    clearInterval(timer);
  }
}

/** Asks for much, takes nothing of it, and goes. */
async function nobodyReads(daemon: Daemon, id: string): Promise<void> {
  const read = (file: string) => Deno.readTextFileSync(`${daemon.certs}/${file}`);
  const [hostname = "", port = ""] = daemon.address.split(":");
  // Unlike one of node:tls this takes in nothing that it is not asked to.
  using connection = await Deno.connectTls({
    ...{ hostname, port: Number(port), caCerts: [read("ca.pem")] },
    ...{ cert: read("client-alice.pem"), key: read("client-alice-key.pem") },
  });
  const request = `GET /v1/jobs/${id}/stdout HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request.repeat(50)));
  const first = new Uint8Array(15);
  equal(await connection.read(first), first.length);
  equal(new TextDecoder().decode(first), "HTTP/1.1 200 OK");
}
