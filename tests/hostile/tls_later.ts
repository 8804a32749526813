import { equal, match, ok } from "../support/assert.ts";
import type { Case } from "../faults/support/suite.ts";
import { Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";
import { bytesOf, concatenate } from "./support/bytes.ts";
import { Health } from "./support/health.ts";
import { clientHello, record } from "./support/tls.ts";
import { TlsSession } from "./support/tls_session.ts";

/** Types of records (RFC 8446, B.1). */
const CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23;
const TLS_1_2 = 0x0303;
/** A key update that asks for one of the other side's (RFC 8446, 4.6.3). */
const KEY_UPDATE = Uint8Array.of(24, 0, 0, 1, 1);
/** More than anyone needs of what may come often. */
const FLOOD = 5_000;
const BEHIND = bytesOf("GET /behind HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

/** What a peer sends, once it was let in, before it asks for something. */
type Row = readonly [name: string, (session: TlsSession) => Uint8Array];

/** What TLS 1.3 allows: the request behind it is answered. */
const ALLOWED: readonly Row[] = [
  ["nothing", () => new Uint8Array()],
  ["some key updates", (session) => keyUpdates(session, 5)],
  ["an empty record", (session) => session.seal(APPLICATION_DATA, new Uint8Array())],
  [
    "padding",
    (session) => session.seal(0, new Uint8Array([APPLICATION_DATA, ...new Uint8Array(100)]).subarray(0, 100)),
  ],
];

/** What it does not, or nobody needs: the connection is over, whatever comes behind it. */
const REFUSED: readonly Row[] = [
  // Renegotiation is no part of TLS 1.3: by either side's first word, in the session and beside it.
  ["a HelloRequest", (session) => session.seal(HANDSHAKE, Uint8Array.of(0, 0, 0, 0))],
  ["a HelloRequest in the clear", () => record(HANDSHAKE, TLS_1_2, Uint8Array.of(0, 0, 0, 0))],
  ...[2, 4, 5, 8, 11, 13, 15, 20, 254].map((type): Row => [
    `a handshake message of type ${type}`,
    (session) => session.seal(HANDSHAKE, Uint8Array.of(type, 0, 0, 0)),
  ]),
  ["key updates without end", (session) => keyUpdates(session, FLOOD)],
  ["a key update of another kind", (session) => session.seal(HANDSHAKE, Uint8Array.of(24, 0, 0, 1, 2))],
  ["a key update by the old key", (session) => session.seal(HANDSHAKE, KEY_UPDATE)],
  ["a fatal alert", (session) => session.seal(ALERT, Uint8Array.of(2, 40))],
  ["an end", (session) => session.seal(ALERT, Uint8Array.of(1, 0))],
  ["warnings without end", (session) => many(() => session.seal(ALERT, Uint8Array.of(1, 90)))],
  ["an alert in the clear", () => record(ALERT, TLS_1_2, Uint8Array.of(1, 0))],
  ["a change of cipher in the clear", () => record(CHANGE_CIPHER_SPEC, TLS_1_2, Uint8Array.of(1))],
  ["a request in the clear", () => record(APPLICATION_DATA, TLS_1_2, BEHIND)],
  ["a record of no type", (session) => session.seal(0, new Uint8Array(100))],
  ["a record of an unknown type", (session) => session.seal(99, BEHIND)],
  ["a record that is too large", (session) => session.seal(APPLICATION_DATA, new Uint8Array(2 ** 14 + 1))],
  ["a changed record", (session) => turned(session.seal(APPLICATION_DATA, BEHIND))],
  ["a record left out", (session) => session.seal(APPLICATION_DATA, BEHIND).subarray(0, 0)],
  ["half a record and another", (session) => session.seal(APPLICATION_DATA, BEHIND).subarray(0, 50)],
];

/** What comes once a peer was let in. */
export const tlsLater: Case = {
  name: "who was let in cannot renegotiate, replay, forge or flood, and is still the one who was let in",
  run: async () => {
    await using daemon = await Daemon.start();
    const health = await Health.of(daemon);
    const hello = (await clientHello()).subarray(5);
    const hellos: Row[] = [
      ["a second hello", (session) => session.seal(HANDSHAKE, hello)],
      ["a second hello in the clear", () => record(HANDSHAKE, TLS_1_2, hello)],
    ];
    await Promise.all(ALLOWED.map(async ([name, make]) => match(await goOn(daemon, make), /\/behind/, name)));
    await Promise.all([...REFUSED, ...hellos].map(async ([name, make]) => {
      const received = await goOn(daemon, make);
      ok(!received.includes("/behind"), `${name} got ${received}`);
    }));
    await replay(daemon);
    await halve(daemon);
    await health.check();
  },
};

/** What a peer gets that sends this and a request. */
async function goOn(daemon: Daemon, make: (session: TlsSession) => Uint8Array): Promise<string> {
  await using session = await TlsSession.open(daemon);
  await session.send(concatenate(make(session), session.seal(APPLICATION_DATA, BEHIND)));
  return await session.ended();
}

/** A record that somebody has seen and sends again (RFC 8446, 5.3, has each its number). */
async function replay(daemon: Daemon): Promise<void> {
  await using session = await TlsSession.open(daemon);
  const request = session.seal(APPLICATION_DATA, bytesOf("GET /again HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  await session.send(request);
  await until("it is answered", () => session.received.includes("/again"));
  await session.send(request);
  equal((await session.ended()).match(/\/again/g)?.length ?? 0, 1);
}

/** A record of which the rest never comes. */
async function halve(daemon: Daemon): Promise<void> {
  await using session = await TlsSession.open(daemon);
  await session.send(session.seal(APPLICATION_DATA, BEHIND).subarray(0, -1));
}

function keyUpdates(session: TlsSession, count: number): Uint8Array {
  return many(() => {
    const update = session.seal(HANDSHAKE, KEY_UPDATE);
    session.updateKey();
    return update;
  }, count);
}

function many(make: () => Uint8Array, count = FLOOD): Uint8Array {
  return concatenate(...Array.from({ length: count }, make));
}

/** With the last bit turned over. */
function turned(bytes: Uint8Array): Uint8Array {
  return bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1);
}
