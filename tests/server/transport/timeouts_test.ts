import { equal, match } from "../../support/assert.ts";
import { TIMEOUTS } from "../../../lib/server/transport/timeouts.ts";
import { until } from "../../support/until.ts";
import { TestListener } from "./listener.ts";
import { RawConnection } from "./raw.ts";

/** Echoes the body. */
const answer = async (request: Request) => new Response(await request.bytes());

Deno.test("TIMEOUTS are those that operators are told", () => {
  const { handshake, headers, body, idle, dead } = TIMEOUTS;
  equal([handshake, headers, body, idle, dead].join(), "10000,10000,30000,60000,90000");
});

Deno.test("TlsListener gives a handshake so much time", async () => {
  await using listener = await TestListener.start(answer, { handshake: 200 });
  const [hostname = "", port = ""] = listener.address.split(":");
  using connection = await Deno.connect({ hostname, port: Number(port) });
  equal(await connection.read(new Uint8Array(1)).catch(() => null), null);
});

/** What the server says until it ends the connection, on which this comes every 100 ms. */
async function saidToDrip(connection: RawConnection, piece: string): Promise<string> {
  const drip = setInterval(() => void connection.send(piece), 100);
  try {
    return await connection.ended();
  } finally {
    clearInterval(drip);
  }
}

Deno.test("TlsListener gives headers so much time, however they come", async () => {
  await using listener = await TestListener.start(answer, { headers: 500 });
  await using connection = await RawConnection.open(listener);
  await connection.send("GET / HTTP/1.1\r\n");
  match(await saidToDrip(connection, "X-Header: x\r\n"), /^HTTP\/1.1 408 /);
});

Deno.test("TlsListener gives a body so much time between its pieces, and no more after its answer", async () => {
  await using listener = await TestListener.start(answer, { body: 1500 });
  await using slow = await RawConnection.open(listener);
  await slow.request("POST /", "Content-Length: 8", "Connection: close");
  for (const letter of "unhurried".slice(0, 8)) {
    await slow.send(letter);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  match(await slow.ended(), /unhurrie/);
  await using silent = await RawConnection.open(listener);
  await silent.request("POST /", "Content-Length: 8");
  await silent.send("u");
  match(await silent.ended(), /^HTTP\/1.1 408 [^]*did not come in time/);
});

Deno.test("TlsListener gives a whole request so much time", async () => {
  await using listener = await TestListener.start(answer, { headers: 500, request: 1000 });
  await using connection = await RawConnection.open(listener);
  await connection.request("POST /", "Content-Length: 1000");
  match(await saidToDrip(connection, "x"), /^HTTP\/1.1 408 /);
});

Deno.test("TlsListener closes who asks for nothing for a while, and not who waits for an answer", async () => {
  const gate = Promise.withResolvers<void>();
  const waiting = async () => {
    await gate.promise;
    return new Response("at last");
  };
  await using listener = await TestListener.start(
    (request) => request.url.endsWith("/wait") ? waiting() : answer(request),
    { headers: 300, request: 300, body: 300, idle: 300 },
  );
  await using waits = await RawConnection.open(listener);
  await waits.request("GET /wait");
  await using idle = await RawConnection.open(listener);
  await idle.request("GET /");
  match(await idle.ended(), /^HTTP\/1.1 200 /);
  gate.resolve();
  match(await waits.ended(), /at last/);
});

Deno.test("TlsListener lets requests under way finish when it ends, for so long", async () => {
  const gate = Promise.withResolvers<void>();
  let asked = 0;
  const listener = await TestListener.start(async (request) => {
    asked++;
    await (request.url.endsWith("/never") ? new Promise(() => {}) : gate.promise);
    return new Response("at last");
  }, { shutdown: 3000 });
  await using finishes = await RawConnection.open(listener);
  await finishes.request("GET /");
  await using never = await RawConnection.open(listener);
  await never.request("GET /never");
  await using idle = await RawConnection.open(listener);
  const [hostname = "", port = ""] = listener.address.split(":");
  using mute = await Deno.connect({ hostname, port: Number(port) });
  await until("both are under way", () => asked === 2);
  const ended = listener[Symbol.asyncDispose]();
  equal(await idle.ended(), "");
  gate.resolve();
  match(await finishes.ended(), /^HTTP\/1.1 200 [^]*at last\r\n0\r\n\r\n$/);
  equal(await never.ended(), "");
  await ended;
  equal(await mute.read(new Uint8Array(1)).catch(() => null), null);
});
