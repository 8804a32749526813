import { join } from "node:path";
import { deepEqual, equal, ok, rejects } from "../support/assert.ts";
import { OvertakenError } from "../../lib/output/mod.ts";
import { until } from "../support/until.ts";
import { TestWorker } from "./worker.ts";

const MIB = 2 ** 20;

/** Writes numbered lines of 16 bytes, so many MiB of them, then waits for a file. */
const lines = (mebibytes: number, gate: string) => [
  "sh",
  "-c",
  `seq -f %015.0f 1 ${mebibytes * MIB / 16}; until [ -e '${gate}' ]; do sleep 0.05; done; echo 999999999999999`,
];

/** What a stream may be over its most while its job runs. */
const SLICE = 8 * MIB;

Deno.test("output beyond its most loses its oldest blocks, and keeps its offsets", async () => {
  await using test = await TestWorker.open({ outputMaxBytes: MIB });
  const gate = join(test.folder, "gate");
  const { id } = await test.start(lines(24, gate));
  // Nobody has to be there for it.
  await test.close();
  const log = join(test.state, "output", `${id}.stdout`);
  await until("all is written", async () => (await Deno.stat(log)).size >= 24 * MIB);
  await until("the disk has it back", async () => ((await Deno.stat(log)).blocks ?? Infinity) * 512 <= MIB + SLICE);
  await test.open();
  // The drain may have come to the end of a slice only now, and free once more.
  const { text, offset, firstOffset } = await until("nothing is freed while it is read", async () => {
    const { bytes, ...offsets } = await test.worker.output(id, "stdout");
    return await new Response(bytes).text().then((text) => ({ ...offsets, text }), (error) => {
      if (error instanceof OvertakenError) return null;
      throw error;
    });
  });
  equal(offset, firstOffset);
  ok(firstOffset >= 23 * MIB - SLICE && firstOffset <= 23 * MIB, `${firstOffset} bytes are gone of 24 MiB`);
  equal(text.length, 24 * MIB - firstOffset);
  // Not a byte of the hole, and every line where it belongs.
  equal(text.slice(0, 16), `${String(firstOffset / 16 + 1).padStart(15, "0")}\n`);

  await Deno.writeTextFile(gate, "");
  equal((await test.worker.wait(id)).exitCode, 0);
  // At its end there is no more than the most, in whole blocks.
  const rest = await test.text(id);
  ok(rest.length >= MIB && rest.length <= MIB + 65_536, `${rest.length} bytes are left`);
  equal(rest.slice(-16), "999999999999999\n");
});

Deno.test("a job may keep less output than others, not more", async () => {
  await using test = await TestWorker.open({ outputMaxBytes: MIB });
  const small = await test.start(["true"], { outputMaxBytes: 65_536 });
  const large = await test.start(["true"], { outputMaxBytes: 10 * MIB });
  deepEqual([small.outputMaxBytes, large.outputMaxBytes], [65_536, MIB]);
});

Deno.test("what is gone stays gone for the next worker", async () => {
  await using test = await TestWorker.open({ outputMaxBytes: MIB });
  const { id } = await test.start(["seq", "-f", "%015.0f", "1", String(3 * MIB / 16)]);
  await test.worker.wait(id);
  const first = async () => {
    const { bytes, firstOffset } = await test.worker.output(id, "stdout", { offset: 5 });
    await bytes.cancel();
    return firstOffset;
  };
  const gone = await until("the head is freed", first);
  await test.close();
  await test.open();
  equal(await first(), gone);
  const tail = await test.worker.output(id, "stdout", { tail: 10 ** 9 });
  equal(tail.offset, gone);
  await tail.bytes.cancel();
});

Deno.test("a follower whose next bytes are freed is told, not given zeros", async () => {
  await using test = await TestWorker.open({ outputMaxBytes: MIB });
  const gate = join(test.folder, "gate");
  const go = join(test.folder, "go");
  const { id } = await test.start([
    "sh",
    "-c",
    `echo begin; until [ -e '${go}' ]; do sleep 0.05; done; ${lines(24, gate)[2]}`,
  ]);
  await test.printed(id, "begin");
  const { bytes } = await test.worker.output(id, "stdout", { follow: true });
  const reader = bytes.getReader();
  equal(new TextDecoder().decode((await reader.read()).value), "begin\n");
  await Deno.writeTextFile(go, "");
  await until("it is overtaken", async () => {
    const { bytes, firstOffset } = await test.worker.output(id, "stdout");
    await bytes.cancel();
    return firstOffset > 0;
  });
  await rejects(reader.read(), { name: "OvertakenError" });
});
