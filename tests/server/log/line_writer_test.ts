import { deepEqual, equal } from "../../support/assert.ts";
import { LineWriter } from "../../../lib/server/log/line_writer.ts";

const decoder = new TextDecoder();

Deno.test("LineWriter writes lines whole and in order, however little is taken at once", async () => {
  let text = "";
  const writer = new LineWriter({
    write: (bytes) => {
      const some = bytes.subarray(0, 3);
      text += decoder.decode(some);
      return Promise.resolve(some.length);
    },
  });
  for (let number = 0; number < 100; number++) writer.write(`line ${number}`);
  await writer.flush();
  equal(text, Array.from({ length: 100 }, (_, number) => `line ${number}\n`).join(""));
});

Deno.test("LineWriter keeps a bounded number of lines for a reader that takes none, and goes on when it does", async () => {
  const gate = Promise.withResolvers<void>();
  let lines = 0;
  const writer = new LineWriter({
    write: async (bytes) => {
      await gate.promise;
      lines += decoder.decode(bytes).split("\n").length - 1;
      return bytes.length;
    },
  });
  for (let number = 0; number < 3_000; number++) writer.write("x".repeat(1023));
  // It waits for nobody.
  await writer.flush();
  equal(lines, 0);
  gate.resolve();
  await writer.flush();
  equal(lines, 1024);
  writer.write("x");
  await writer.flush();
  equal(lines, 1025);
});

Deno.test("LineWriter writes a line whole that alone is more than may wait", async () => {
  let text = "";
  const writer = new LineWriter({
    write: (bytes) => {
      text += decoder.decode(bytes);
      return Promise.resolve(bytes.length);
    },
  });
  const long = "x".repeat(2 * 2 ** 20);
  writer.write("before");
  writer.write(long);
  writer.write("left out");
  await writer.flush();
  equal(text, `before\n${long}\n`);
});

Deno.test("LineWriter outlives failures, and begins a line anew where one is torn", async () => {
  let text = "";
  let failing = false;
  const writer = new LineWriter({
    write: (bytes) => {
      if (failing) return Promise.reject(new Error("There is no space"));
      // Of what begins with an x only this fits.
      failing = bytes[0] === 0x78;
      const some = failing ? bytes.subarray(0, 1) : bytes;
      text += decoder.decode(some);
      return Promise.resolve(some.length);
    },
  });
  writer.write("before");
  await writer.flush();
  writer.write("xyz");
  await writer.flush();
  writer.write("lost");
  await writer.flush();
  failing = false;
  writer.write("after");
  await writer.flush();
  deepEqual(text.split("\n"), ["before", "x", "after", ""]);
});
