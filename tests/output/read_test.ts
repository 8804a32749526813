import fc from "fast-check";
import { deepEqual, equal, rejects } from "../support/assert.ts";
import { readLog } from "../../lib/output/mod.ts";
import { bytesOf, noise, TestLog, textOf } from "./log.ts";

Deno.test("readLog gives every byte, NULs and broken UTF-8 included", async () => {
  const content = noise(1_000_000);
  await using log = await TestLog.create(content);
  deepEqual(await bytesOf(await log.read()), content);
  equal(log.closed, 1);
});

Deno.test("readLog begins at any offset", async () => {
  const content = noise(300_000);
  await using log = await TestLog.create(content);
  await fc.assert(
    fc.asyncProperty(fc.nat(content.length), async (offset) => {
      deepEqual(await bytesOf(await log.read({ offset })), content.subarray(offset));
    }),
    { numRuns: 30, examples: [[0], [1], [content.length - 1], [content.length], [65_536]] },
  );
});

Deno.test("readLog ends at once on an empty log and beyond the end of one", async () => {
  await using log = await TestLog.create();
  equal(await textOf(await log.read()), "");
  log.append("abc");
  equal(await textOf(await log.read({ offset: 3 })), "");
  equal(await textOf(await log.read({ offset: 999_999_999_999_999 })), "");
  equal(log.closed, 3);
});

Deno.test("readLog reads nothing before it is asked to, so that a reader costs no memory until it reads", async () => {
  await using log = await TestLog.create("before");
  const stream = await log.read();
  log.append(" and after");
  equal(await textOf(stream), "before and after");
});

Deno.test("readLog fails where there is no log", async () => {
  await using log = await TestLog.create();
  const options = { offset: 0, signal: new AbortController().signal };
  await rejects(readLog(`${log.path}.other`, options), Deno.errors.NotFound);
});

Deno.test("readLog closes the file when it is cancelled, before the first byte or in the middle", async () => {
  await using log = await TestLog.create(noise(500_000));
  await (await log.read()).cancel();
  equal(log.closed, 1);
  const reader = (await log.read()).getReader();
  await reader.read();
  await reader.cancel();
  equal(log.closed, 2);
  // In the middle of a read: whichever of the two the kernel answers first.
  const reading = (await log.read()).getReader();
  const chunk = reading.read();
  await reading.cancel();
  await chunk;
  equal(log.closed, 3);
});

Deno.test("readLog errs with the signal's reason, and does not look complete", async () => {
  await using log = await TestLog.create(noise(500_000));
  const ending = new AbortController();
  const reader = (await log.read({ signal: ending.signal })).getReader();
  await reader.read();
  ending.abort(new Error("The daemon is ending"));
  await rejects(reader.read(), /The daemon is ending/);
  await rejects(reader.closed, /The daemon is ending/);
  equal(log.closed, 1);
});
