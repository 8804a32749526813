import { equal, match, ok } from "../support/assert.ts";
import type { Random } from "../faults/support/random.ts";
import type { Case } from "../faults/support/suite.ts";
import { Daemon } from "../support/daemon.ts";
import { bytesOf, concatenate } from "./support/bytes.ts";
import { Health } from "./support/health.ts";
import { TcpConnection } from "./support/tcp.ts";
import { clientHello, interfere, record } from "./support/tls.ts";

/** Types of records (RFC 8446, B.1). */
const CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23, HEARTBEAT = 24;
const TLS_1_0 = 0x0301, TLS_1_2 = 0x0303;
/** Hellos with wrong bytes in them, and second flights with one. */
const MUTATIONS = 200, FLIPS = 30;

/** What is no TLS, or wrong TLS. */
export const tlsBytes: Case = {
  name: "bytes that are no TLS, or wrong TLS, get an alert or nothing, and harm nobody",
  run: async (random) => {
    await using daemon = await Daemon.start();
    const health = await Health.of(daemon);
    const hello = await clientHello();
    const wrong = [...wrongRecords(hello), ...Array.from({ length: MUTATIONS }, () => mutate(hello, random))];
    for (let at = 0; at < wrong.length; at += 50) {
      await Promise.all(wrong.slice(at, at + 50).map((bytes) => tell(daemon, bytes)));
    }
    await Promise.all(Array.from({ length: FLIPS }, () => flipLater(daemon, hello.length, random)));
    match(await interfere(daemon, (_, bytes) => bytes), /^HTTP\/1.1 200 /);
    await health.check();
  },
};

function wrongRecords(hello: Uint8Array): Uint8Array[] {
  const body = hello.subarray(5);
  return [
    ...["GET /v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n", "SSH-2.0-OpenSSH_9.9\r\n", "\0".repeat(1000), "\x16"]
      .map(bytesOf),
    ...[1, 3, 5, 6, 9, 43, hello.length - 1].map((length) => hello.subarray(0, length)),
    // SSLv2's CLIENT-HELLO of OpenSSL's old days.
    bytesOf("\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10\x01\x00\x80\x07\x00\xc0" + "\x55".repeat(31)),
    ...[0x0002, 0x0200, 0x0300, 0x0305, 0x7f1c, 0xffff].map((version) => record(HANDSHAKE, version, body)),
    ...[0, CHANGE_CIPHER_SPEC, ALERT, APPLICATION_DATA, HEARTBEAT, 128, 255].map((type) => record(type, TLS_1_0, body)),
    record(HANDSHAKE, TLS_1_0, new Uint8Array()),
    ...[0xffff, 0x4001, 0x4800, body.length - 1, body.length + 1].map((length) =>
      record(HANDSHAKE, TLS_1_0, body, length)
    ),
    // A handshake message that claims to have 16 MiB, and one of each type that a client may not begin with.
    record(HANDSHAKE, TLS_1_0, Uint8Array.of(1, 0xff, 0xff, 0xff)),
    ...[0, 2, 4, 8, 11, 13, 15, 20, 24, 254].map((type) => record(HANDSHAKE, TLS_1_2, Uint8Array.of(type, 0, 0, 0))),
    // Alerts that end, and warnings without end; empty records without end.
    record(ALERT, TLS_1_2, Uint8Array.of(2, 40)),
    concatenate(...Array<Uint8Array>(1000).fill(record(ALERT, TLS_1_2, Uint8Array.of(1, 90)))),
    concatenate(...Array<Uint8Array>(1000).fill(record(APPLICATION_DATA, TLS_1_2, new Uint8Array()))),
    // The hello twice, and in records of a byte each.
    concatenate(hello, hello),
    concatenate(...[...body].map((byte) => record(HANDSHAKE, TLS_1_0, Uint8Array.of(byte)))),
    // HelloRequest (RFC 5246, 7.4.1.1), by which TLS 1.2 renegotiates, behind a hello.
    concatenate(hello, record(HANDSHAKE, TLS_1_2, Uint8Array.of(0, 0, 0, 0))),
    // Early data (RFC 8446, 4.2.10) that nobody agreed to.
    concatenate(hello, record(APPLICATION_DATA, TLS_1_2, bytesOf("x".repeat(200)))),
  ];
}

/** The hello with some bytes changed, left out or twice. */
function mutate(hello: Uint8Array, random: Random): Uint8Array {
  const bytes = [...hello];
  for (let count = random.between(1, 8); count > 0; count--) {
    const at = random.between(0, bytes.length - 1);
    const kind = random.between(0, 2);
    if (kind === 0) bytes[at] = random.between(0, 255);
    else if (kind === 1) bytes.splice(at, random.between(1, 4));
    else bytes.splice(at, 0, ...bytes.slice(at, at + random.between(1, 40)));
  }
  return Uint8Array.from(bytes);
}

/** Says it and no more; the daemon has nothing to say but a part of a handshake or an alert. */
async function tell(daemon: Daemon, bytes: Uint8Array): Promise<void> {
  await using connection = await TcpConnection.open(daemon.address);
  connection.send(bytes);
  connection.finish();
  const said = await connection.ended();
  const what = `${bytes.subarray(0, 40).toHex()} got ${said.subarray(0, 80).toHex()}`;
  ok(said.length === 0 || said[0] === ALERT || said[0] === HANDSHAKE, what);
  ok(!new TextDecoder("latin1").decode(said).includes("HTTP/"), what);
}

/** Changes a bit of what a client says after its hello: its certificate, its signature, its Finished. */
async function flipLater(daemon: Daemon, hello: number, random: Random): Promise<void> {
  const target = hello + random.between(6, 700);
  const answer = await interfere(daemon, (before, bytes) => {
    const at = target - before;
    if (at >= 0 && at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.between(0, 7));
    return bytes;
  });
  equal(answer, "", `A flipped bit at ${target} went unnoticed`);
}
