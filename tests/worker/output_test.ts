import { join } from "node:path";
import { deepEqual, equal, ok, rejects } from "../support/assert.ts";
import { until } from "../support/until.ts";
import { mkfifo } from "../support/mkfifo.ts";
import { TestWorker } from "./worker.ts";

Deno.test("stdout and stderr are kept apart, byte for byte", async () => {
  await using test = await TestWorker.open();
  const script = "printf 'a\\0\\377\\n\\nb'; printf 'c\\0' >&2; printf d";
  const { id } = await test.run(["sh", "-c", script]);
  const bytes = async (stream: "stdout" | "stderr") =>
    await new Response((await test.worker.output(id, stream)).bytes).bytes();
  deepEqual(await bytes("stdout"), new Uint8Array([97, 0, 255, 10, 10, 98, 100]));
  deepEqual(await bytes("stderr"), new Uint8Array([99, 0]));
});

Deno.test("a program that opens its streams by name truncates and loses nothing", async () => {
  await using test = await TestWorker.open();
  const script = `
    echo one; echo two >/dev/stdout; echo three >/proc/self/fd/1; echo four
    echo ONE >&2; echo TWO >/dev/stderr; echo THREE >/proc/self/fd/2; echo FOUR >&2`;
  const { id } = await test.run(["sh", "-c", script]);
  equal(await test.text(id, "stdout"), "one\ntwo\nthree\nfour\n");
  equal(await test.text(id, "stderr"), "ONE\nTWO\nTHREE\nFOUR\n");
});

Deno.test("a follower gets all from the first byte to the last, and ends with the job", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sh", "-c", "echo first; exec sleep 1000"]);
  const text = test.text(id, "stdout", true);
  await test.printed(id, "first");
  await test.worker.stop(id);
  equal(await text, "first\n");
  equal(await test.text(id, "stdout", true), "first\n");
});

Deno.test("what a job wrote is complete when its end is told", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.run(["sh", "-c", "yes 0123456789 | head -c 5000000; echo end >&2"]);
  equal((await test.text(id)).length, 5_000_000);
  equal(await test.text(id, "stderr"), "end\n");
});

Deno.test("output begins at an offset, or so many lines before the end, which goes first", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.run(["printf", "one\\ntwo\\nthree\\n"]);
  const part = async (options: { offset?: number; tail?: number }) => {
    const { offset, bytes } = await test.worker.output(id, "stdout", options);
    return [offset, await new Response(bytes).text()];
  };
  deepEqual(await part({}), [0, "one\ntwo\nthree\n"]);
  deepEqual(await part({ offset: 4 }), [4, "two\nthree\n"]);
  deepEqual(await part({ offset: 100 }), [100, ""]);
  deepEqual(await part({ tail: 1 }), [8, "three\n"]);
  deepEqual(await part({ tail: 0 }), [14, ""]);
  deepEqual(await part({ tail: 2, offset: 13 }), [4, "two\nthree\n"]);
});

Deno.test("who asks for the output of a job that is removed at that moment is told that there is none", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.run(["true"]);
  // A reader of a FIFO stands still until somebody comes to write.
  const [log, gate] = [join(test.state, "output", `${id}.stdout`), join(test.folder, "gate")];
  await Deno.remove(log);
  await mkfifo(log);
  await Deno.link(log, gate);
  const asking = rejects(test.worker.output(id, "stdout", { tail: 1 }), {
    refusal: "unknown",
    message: `There is no job "${id}"`,
  });
  await test.worker.remove(id);
  (await Deno.open(gate, { write: true })).close();
  await asking;
});

Deno.test("a follower of a job that is removed gets its end", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sh", "-c", "echo first; exec sleep 1000"]);
  const text = test.text(id, "stdout", true);
  await test.printed(id, "first");
  await test.worker.remove(id);
  equal(await text, "first\n");
});

Deno.test("a worker that closes breaks its followers off", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sleep", "1000"]);
  let closed = 0;
  const { bytes } = await test.worker.output(id, "stdout", { follow: true, onClose: () => closed++ });
  const broken = rejects(new Response(bytes).text(), { name: "WorkerError", refusal: "closing" });
  await test.close();
  await broken;
  await until("the file is closed", () => closed === 1);
});

Deno.test("the output of a job that is not there is refused", async () => {
  await using test = await TestWorker.open();
  const unknown = { name: "WorkerError", refusal: "unknown" };
  await rejects(test.worker.output(crypto.randomUUID(), "stdout"), unknown);
  await rejects(test.worker.output("../../etc/passwd", "stdout"), unknown);
});

Deno.test("Worker.output of a single byte does not hold up the job's end", async () => {
  await using test = await TestWorker.open();
  const fastest = async (text: string) => {
    let best = Infinity;
    for (let run = 0; run < 5; run++) {
      const begin = performance.now();
      equal(await test.print(["printf", text]), text);
      best = Math.min(best, performance.now() - begin);
    }
    return best;
  };
  const two = await fastest("xy");
  const one = await fastest("x");
  ok(one < 10 * two, `One byte took ${one} ms, two took ${two} ms`);
});
