import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { until } from "../support/until.ts";
import { TestWorker } from "./worker.ts";

const MIB = 2 ** 20;

/** Writes numbered lines of 16 bytes, so many MiB of them, then waits for a file. */
const lines = (mebibytes: number, gate: string) => [
  "sh",
  "-c",
  `seq -f %015.0f 1 ${mebibytes * MIB / 16}; until [ -e '${gate}' ]; do sleep 0.05; done; echo 999999999999999`,
];

Deno.test("output beyond its most loses its oldest blocks, and keeps its offsets", async () => {
  await using test = await TestWorker.open({ outputMaxBytes: MIB });
  const gate = join(test.folder, "gate");
  const { id } = await test.start(lines(5, gate));
  const { offset, firstOffset } = await until("the head is freed", async () => {
    const { bytes, ...output } = await test.worker.output(id, "stdout");
    await bytes.cancel();
    return output.firstOffset >= 3 * MIB ? output : null;
  });
  equal(offset, firstOffset);
  ok(firstOffset <= 4 * MIB, `${firstOffset} bytes are gone of 5 MiB, of which 1 may stay`);
  const text = await test.text(id);
  equal(text.length, 5 * MIB - firstOffset);
  // Not a byte of the hole, and every line where it belongs.
  equal(text.slice(0, 16), `${String(firstOffset / 16 + 1).padStart(15, "0")}\n`);
  // Readers are told before any byte goes.
  const log = join(test.state, "output", `${id}.stdout`);
  await until("the disk has it back", async () => ((await Deno.stat(log)).blocks ?? Infinity) * 512 <= 2 * MIB);

  await Deno.writeTextFile(gate, "");
  equal((await test.worker.wait(id)).exitCode, 0);
  equal((await test.text(id)).slice(-16), "999999999999999\n");
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
  const { id } = await test.start(lines(6, gate));
  await until("there is something", async () => (await Deno.stat(join(test.state, "output", `${id}.stdout`))).size > 0);
  const { bytes, offset } = await test.worker.output(id, "stdout", { follow: true });
  const reader = bytes.getReader();
  let read = offset;
  let told = "";
  await until("it is overtaken", async () => {
    const { bytes, firstOffset } = await test.worker.output(id, "stdout");
    await bytes.cancel();
    return firstOffset > 4 * MIB;
  });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      ok(!value.includes(0), "zeros were read");
      read += value.length;
      if (read >= 6 * MIB) break;
    }
  } catch (error) {
    told = error instanceof Error ? error.name : "";
  }
  ok(told === "OvertakenError" || offset > 4 * MIB, `it ended at ${read} without a word`);
  await reader.cancel().catch(() => {});
});
