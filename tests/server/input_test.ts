import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { MAX_BODY_BYTES } from "../../lib/contract/mod.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { problemOf } from "./problem.ts";
import { RawConnection } from "./transport/raw.ts";

Deno.test("a body that is none for the route is refused, with what is wrong with it", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const post = async (status: number, body?: unknown, headers?: Record<string, string>) =>
    await problemOf(await alice.send("POST", "/v1/jobs", body, headers), status);

  await t.step("not JSON, or not an object", async () => {
    for (const body of ["{", "true command", "[]", "null", '"true"', "\0", "{}{}"]) await post(400, body);
    await post(400);
    await post(400, "");
  });
  await t.step("not UTF-8", async () => {
    await using connection = await RawConnection.open(daemon);
    const body = new Uint8Array([...new TextEncoder().encode('{"command":"'), 0xff, ...new TextEncoder().encode('"}')]);
    const headers = ["Content-Type: application/json", `Content-Length: ${body.length}`, "Connection: close"];
    await connection.request("POST /v1/jobs", ...headers);
    await connection.send(body);
    match(await connection.ended(), /^HTTP\/1.1 400 [^]*not UTF-8/);
  });
  await t.step("of another type than JSON, as other sites' pages can send it", async () => {
    for (
      const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"]
    ) {
      await post(415, '{"command":"true"}', { "content-type": type });
    }
    const typed = await alice.send("POST", "/v1/jobs", '{"command":"true"}', {
      "content-type": "Application/JSON; charset=utf-8",
    });
    equal((await alice.job(typed)).command, "true");
  });
  await t.step("with fields that are wrong, each named", async () => {
    const problem = await post(400, { command: "", args: ["a", "b\0"], limits: { pids: 0 } });
    deepEqual(problem.errors?.map(({ field }) => field), ["command", "args.1", "limits.pids"]);
    match(problem.detail ?? "", /^Cannot read "command": /);
    match((await post(400, { command: "true", timeout: 1 })).detail ?? "", /timeout/);
    await post(400, { command: "true", env: { "A-B": "" } });
    await post(400, { command: "true", cwd: "tmp" });
    // Half a surrogate pair, which JSON can carry and UTF-8 cannot.
    for (
      const fields of [
        '"args":["\\ud800"]',
        '"env":{"A":"\\ud800"}',
        '"env":{"\\ud800":"a"}',
        '"cwd":"/\\udfff"',
        '"name":"\\ud800"',
        '"user":"\\ud800"',
        '"limits":{"writeBytesPerSecond":{"/srv/\\ud800":1}}',
      ]
    ) await post(400, `{"command":"true",${fields}}`);
    await post(400, '{"command":"\\ud800"}');
  });
  await t.step("and nothing has been started", async () => {
    const list = await (await alice.send("GET", "/v1/jobs")).json();
    equal(list.jobs.length, 1);
  });
});

Deno.test("a body that is too large is refused without reading it all", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const memory = () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${daemon.pid}/status`))?.[1]);
  await (await alice.send("GET", "/healthz")).body?.cancel();
  const before = memory();
  const size = 100 * 2 ** 20;
  const block = new Uint8Array(2 ** 16).fill(32);
  const headers = ["Content-Type: application/json"];

  await t.step("when it says so beforehand", async () => {
    await using connection = await RawConnection.open(daemon);
    await connection.request("POST /v1/jobs", ...headers, `Content-Length: ${size}`);
    await connection.said("HTTP/1.1 413 ");
    await connection.said("larger than");
    // Who sends it nevertheless is cut off.
    for (let sent = 0; sent < size && !connection.over; sent += block.length) await connection.send(block);
    await connection.ended();
  });
  await t.step("when it turns out so", async () => {
    await using connection = await RawConnection.open(daemon);
    await connection.request("POST /v1/jobs", ...headers, "Transfer-Encoding: chunked");
    const chunk = new Uint8Array([...new TextEncoder().encode("10000\r\n"), ...block, 13, 10]);
    for (let sent = 0; sent < size && !connection.over; sent += block.length) await connection.send(chunk);
    // Who goes on sending may be cut off before the answer is there.
    match(await connection.ended(), /^(HTTP\/1.1 413 |$)/);
  });
  await t.step("when its route reads none", async () => {
    await using connection = await RawConnection.open(daemon);
    await connection.request("GET /v1/jobs", `Content-Length: ${size}`);
    await connection.said("HTTP/1.1 413 ");
  });
  await t.step("when it waits behind another request's answer", async () => {
    const { id } = await alice.start({ command: "sleep", args: ["1000"] });
    await using connection = await RawConnection.open(daemon);
    await connection.request(`GET /v1/jobs/${id}?wait=true`);
    await connection.request("POST /v1/jobs", ...headers, `Content-Length: ${size}`);
    for (let sent = 0; sent < size && !connection.over; sent += block.length) await connection.send(block);
    await connection.ended();
  });
  await t.step("and one of just the size is not", async () => {
    const body = (length: number) => `{"command":"true"}${" ".repeat(length - 18)}`;
    equal((await alice.job(await alice.send("POST", "/v1/jobs", body(MAX_BODY_BYTES)))).command, "true");
    await problemOf(await alice.send("POST", "/v1/jobs", body(MAX_BODY_BYTES + 1)), 413);
  });
  // Generous: all of it was less than the body of one.
  ok(memory() - before < 60_000, `${memory() - before} kB`);
});

Deno.test("a query that the route does not know is refused", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "true" });
  const queries = [
    "/v1/jobs?limit=0",
    "/v1/jobs?limit=1&limit=2",
    "/v1/jobs?colour=red",
    "/v1/jobs?state=ended",
    "/v1/jobs?cursor=-1",
    `/v1/jobs/${id}?wait=yes`,
    `/v1/jobs/${id}?colour=red`,
    `/v1/jobs/${id}/stdout?offset=-1`,
    `/v1/jobs/${id}/stdout?offset=1&tail=1`,
    `/v1/jobs/${id}/stdout?follow`,
    `/v1/jobs/${id}/stderr?__proto__=x`,
    // Not UTF-8: Latin-1, half a character, a surrogate; and no percent-encoding at all.
    "/v1/jobs?owner=caf%E9",
    "/v1/jobs?name=%C3",
    "/v1/jobs?job=%ED%A0%80",
    "/v1/jobs?owner=%",
    "/v1/jobs?%E9=1",
  ];
  for (const query of queries) await problemOf(await alice.send("GET", query), 400);
});
