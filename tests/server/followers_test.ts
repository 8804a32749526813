import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";
import { type Digest, digestOf } from "./digest.ts";

Deno.test("a follower who is one too many is refused, or takes the place of one of whoever has the most", async () => {
  await using daemon = await Daemon.start({ flags: ["--max-followers", "3"] });
  using alice = await Https.as(daemon, "alice");
  using eve = await Https.as(daemon, "eve");
  using root = await Https.as(daemon, "root");
  const { id } = await alice.start({ command: "sh", args: ["-c", "echo begun; exec sleep 1000"] });
  const path = `/v1/jobs/${id}/stdout?follow=true`;
  const follow = async (https: Https) => {
    const reader = (await https.send("GET", path)).body?.getReader();
    equal(new TextDecoder().decode((await reader?.read())?.value), "begun\n");
    return { over: reader?.read().then(() => false, () => true), leave: () => reader?.cancel() };
  };
  const alices = [await follow(alice), await follow(alice)];
  const waiting = (await alice.send("GET", `/v1/jobs/${id}?wait=true`)).text().then(() => false, () => true);
  const refused = await alice.send("GET", path);
  equal(refused.status, 429);
  match(await refused.text(), /the limit of followers is reached, 3 of them yours/);
  // The newest goes, whatever it waits for; then nobody has more than one who asks would have.
  const eves = await follow(eve);
  equal(await waiting, true);
  const roots = await follow(root);
  equal(await alices[1]?.over, true);
  for (const https of [alice, eve, root]) {
    const answer = await https.send("GET", path);
    equal(answer.status, 429);
    match(await answer.text(), /the limit of followers is reached, 1 of them yours/);
  }
  await eves.leave();
  await until("there is a place again", async () => {
    const answer = await root.send("GET", path);
    await answer.body?.cancel();
    return answer.status === 200;
  });
  for (const one of [roots, alices[0]]) await one?.leave();
});

/** Of `GET`, the whole answer read by one who takes no more than what is asked for. */
class SlowReader implements Disposable {
  readonly #connection: Deno.TlsConn;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];

  private constructor(connection: Deno.TlsConn) {
    this.#connection = connection;
  }

  /** Asks for a path as alice. */
  static async get(daemon: Daemon, path: string): Promise<SlowReader> {
    const [hostname = "", port = ""] = daemon.address.split(":");
    const read = (file: string) => Deno.readTextFileSync(join(daemon.certs, file));
    const connection = await Deno.connectTls({
      hostname,
      port: Number(port),
      caCerts: [read("ca.pem")],
      cert: read("client-alice.pem"),
      key: read("client-alice-key.pem"),
    });
    const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    return new SlowReader(connection);
  }

  /** What has been read, a character a byte. */
  async text(): Promise<string> {
    return new TextDecoder("latin1").decode(await new Blob(this.#chunks).bytes());
  }

  /** Reads so many bytes at most; false at the end. */
  async read(most: number): Promise<boolean> {
    const buffer = new Uint8Array(most);
    const count = await this.#connection.read(buffer);
    if (count === null) return false;
    this.#chunks.push(buffer.subarray(0, count));
    return true;
  }

  /** The body of the answer, out of the chunked coding of RFC 9112, 7.1. */
  async *body(): AsyncGenerator<Uint8Array> {
    const text = await this.text();
    const bytes = await new Blob(this.#chunks).bytes();
    for (let position = text.indexOf("\r\n\r\n") + 4;;) {
      const end = text.indexOf("\r\n", position);
      const size = parseInt(text.slice(position, end), 16);
      if (!(size > 0)) return;
      yield bytes.subarray(end + 2, end + 2 + size);
      position = end + 2 + size + 2;
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** Writes 8 MB in pieces. */
const NOISY = `
  for round in $(seq 60); do
    head -c 100000 /dev/urandom | base64 -w 0
    sleep 0.02
  done`;

Deno.test("fifty followers who join at any time, fast ones and a slow one, get the same bytes", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sh", args: ["-c", NOISY] });
  const path = `/v1/jobs/${id}/stdout?follow=true`;
  using slow = await SlowReader.get(daemon, path);
  const followers: Promise<Digest>[] = [];
  let seen = -1;
  for (let number = 0; number < 50; number++) {
    followers.push((async () => await digestOf((await alice.send("GET", path)).body))());
    // The next comes when more has been written, or at the end.
    await until("there is more", async () => {
      const { size } = await Deno.stat(`${daemon.state}/output/${id}.stdout`);
      const more = size > seen || (await alice.job(await alice.send("GET", `/v1/jobs/${id}`))).state !== "running";
      seen = Math.max(seen, size);
      return more;
    });
    await slow.read(1);
  }
  const digests = await Promise.all(followers);
  equal((await alice.wait(id)).exitCode, 0);
  const kept = await digestOf((await Deno.open(`${daemon.state}/output/${id}.stdout`)).readable);
  for (const digest of digests) deepEqual(digest, kept);
  while (await slow.read(2 ** 16));
  deepEqual(await digestOf(slow.body()), kept);
});

Deno.test("a reader of one byte a second holds up neither the job nor other readers", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sh", args: ["-c", "head -c 30000000 /dev/zero"] });
  const path = `/v1/jobs/${id}/stdout?follow=true`;
  using slow = await SlowReader.get(daemon, path);
  const timer = setInterval(() => void slow.read(1), 1000);
  try {
    for (let round = 0; round < 3; round++) {
      equal((await digestOf((await alice.send("GET", path)).body)).length, 30_000_000);
    }
    equal((await alice.wait(id)).exitCode, 0);
    await until("it has read three bytes", async () => (await slow.text()).startsWith("HTT"));
  } finally {
    clearInterval(timer);
  }
});
