import { createHash } from "node:crypto";
import { deepEqual, equal } from "../../support/assert.ts";
import { OFFSET } from "../../../lib/contract/mod.ts";
import { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";
import { digestOf } from "../digest.ts";
import { problemOf } from "../problem.ts";

const BINARY = new Uint8Array([0, 255, 254, 10, 10, 0, 13, 195, 40, 97]);

Deno.test("output gives each stream from an offset, a line, or the beginning on", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const script = "printf 'one\\ntwo\\nthree'; printf 'error\\n' >&2";
  const { id } = await alice.start({ command: "sh", args: ["-c", script] });
  await alice.wait(id);
  const get = async (rest: string) => {
    const response = await alice.send("GET", `/v1/jobs/${id}/${rest}`);
    equal(response.headers.get("content-type"), "application/octet-stream");
    return [await response.text(), Number(response.headers.get(OFFSET))];
  };
  await t.step("apart", async () => {
    deepEqual(await get("stdout"), ["one\ntwo\nthree", 0]);
    deepEqual(await get("stderr"), ["error\n", 0]);
  });
  await t.step("offset", async () => {
    deepEqual(await get("stdout?offset=4"), ["two\nthree", 4]);
    deepEqual(await get("stdout?offset=13"), ["", 13]);
    deepEqual(await get("stdout?offset=99999"), ["", 99_999]);
  });
  await t.step("tail", async () => {
    deepEqual(await get("stdout?tail=1"), ["three", 8]);
    deepEqual(await get("stdout?tail=2&follow=true"), ["two\nthree", 4]);
    deepEqual(await get("stdout?tail=0"), ["", 13]);
    deepEqual(await get("stdout?tail=1000"), ["one\ntwo\nthree", 0]);
  });
  await t.step("of a job that wrote nothing", async () => {
    const empty = await alice.start({ command: "true" });
    for (const query of ["?follow=true", "", "?tail=5", "?offset=5"]) {
      const response = await alice.send("GET", `/v1/jobs/${empty.id}/stderr${query}`);
      deepEqual([response.status, await response.text()], [200, ""]);
    }
  });
  await t.step("of a job that was removed: nothing", async () => {
    await (await alice.send("DELETE", `/v1/jobs/${id}`)).body?.cancel();
    await problemOf(await alice.send("GET", `/v1/jobs/${id}/stdout`), 404);
  });
});

Deno.test("output is bytes from end to end", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const octal = Array.from(BINARY, (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  const { id } = await alice.start({ command: "printf", args: [octal] });
  const response = await alice.send("GET", `/v1/jobs/${id}/stdout?follow=true`);
  deepEqual(await response.bytes(), BINARY);
});

Deno.test("a follower gets what a job writes when it writes it, and the end when it ends", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "alice");
  const script = "trap 'echo last; exit 0' USR1; echo first; while :; do sleep 0.01; done";
  const { id } = await alice.start({ command: "sh", args: ["-c", script] });
  const response = await alice.send("GET", `/v1/jobs/${id}/stdout?follow=true`);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  equal((await reader?.read())?.value, "first\n");
  await (await bob.send("POST", `/v1/jobs/${id}/stop`, { signal: "SIGUSR1" })).body?.cancel();
  equal((await reader?.read())?.value, "last\n");
  equal((await reader?.read())?.done, true);
  equal((await alice.job(await alice.send("GET", `/v1/jobs/${id}`))).state, "stopped");
});

Deno.test("a million lines arrive, on both streams at once, live and later", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const script = "seq 1000000 & seq 1000000 | sed 's/$/ error/' >&2; wait";
  const { id } = await alice.start({ command: "sh", args: ["-c", script] });
  const get = async (rest: string) => await digestOf((await alice.send("GET", `/v1/jobs/${id}/${rest}`)).body);
  const [stdout, stderr] = await Promise.all([get("stdout?follow=true"), get("stderr?follow=true")]);
  const expected = (ending: string) => {
    const hash = createHash("sha256");
    let length = 0;
    for (let line = 1; line <= 1_000_000; line++) {
      const text = `${line}${ending}\n`;
      hash.update(text);
      length += text.length;
    }
    return { hash: hash.digest("hex"), length };
  };
  deepEqual(stdout, expected(""));
  deepEqual(stderr, expected(" error"));
  deepEqual(await get("stdout"), stdout);
  equal(await (await alice.send("GET", `/v1/jobs/${id}/stderr?tail=2`)).text(), "999999 error\n1000000 error\n");
});
