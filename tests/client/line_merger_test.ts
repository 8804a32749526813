import { Buffer } from "node:buffer";
import { deepEqual, equal, ok, rejects } from "../support/assert.ts";
import { LineMerger } from "../../lib/client/line_merger.ts";
import { until } from "../support/until.ts";

/** A file with two descriptors, each of which takes a few bytes at a time. */
class TwoDescriptors {
  text = "";
  readonly stdout = { write: (bytes: Uint8Array) => this.#write(bytes) };
  readonly stderr = { write: (bytes: Uint8Array) => this.#write(bytes) };

  async #write(bytes: Uint8Array): Promise<number> {
    const some = bytes.subarray(0, 1000);
    await new Promise((resolve) => setTimeout(resolve));
    this.text += new TextDecoder().decode(some);
    return some.length;
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("LineMerger: a line in pieces → none of the other stream's lines in it", async () => {
  const file = new TwoDescriptors();
  const merger = new LineMerger(true);
  await Promise.all([
    merger.copy(file.stdout, bytes("out 1\nout")),
    merger.copy(file.stderr, bytes("err 1\ner")),
    merger.copy(file.stdout, bytes(" 2")),
    merger.copy(file.stderr, bytes("r 2\nerr 3\n")),
    merger.copy(file.stdout, bytes("\nout 3\n")),
  ]);
  equal(file.text, "out 1\nerr 1\nerr 2\nerr 3\nout 2\nout 3\n");
});

Deno.test("LineMerger: long chunks at the same time → no bytes of one within a line of the other", async () => {
  const file = new TwoDescriptors();
  const merger = new LineMerger(true);
  const lines = (name: string) => Array.from({ length: 1000 }, (_, index) => `${name} ${index}\n`);
  const copies = ["stdout", "stderr"].flatMap((name) => {
    const text = lines(name).join("");
    const to = name === "stdout" ? file.stdout : file.stderr;
    return [merger.copy(to, bytes(text.slice(0, 5000))), merger.copy(to, bytes(text.slice(5000)))];
  });
  await Promise.all(copies);
  const shown = file.text.split(/(?<=\n)/);
  for (const name of ["stdout", "stderr"]) deepEqual(shown.filter((line) => line.startsWith(name)), lines(name));
  equal(shown.length, 2000);
});

Deno.test("LineMerger: a chunk that is changed after its copy → what it was before", async () => {
  const file = new TwoDescriptors();
  const merger = new LineMerger(true);
  const chunk = Buffer.from("begin");
  await merger.copy(file.stdout, chunk);
  chunk.fill(0);
  await merger.copy(file.stdout, bytes(" and end\n"));
  equal(file.text, "begin and end\n");
});

Deno.test("LineMerger: a line without an end → shown before long, the rest at once", async () => {
  const file = new TwoDescriptors();
  const merger = new LineMerger(true);
  await merger.copy(file.stdout, bytes("name? "));
  equal(file.text, "");
  await until("the prompt is shown", () => file.text === "name? ");
  await merger.copy(file.stdout, bytes("b"));
  equal(file.text, "name? b");
  await merger.copy(file.stderr, bytes("a warning\n"));
  await merger.copy(file.stdout, bytes("ob"));
  equal(file.text, "name? ba warning\n");
  await merger.flush();
  equal(file.text, "name? ba warning\nob");
});

Deno.test("LineMerger: more of a line than is held → shown at once", async () => {
  const file = new TwoDescriptors();
  const merger = new LineMerger(true);
  await merger.copy(file.stdout, bytes("x".repeat(64 * 1024)));
  equal(file.text, "");
  await merger.copy(file.stdout, bytes("x"));
  equal(file.text.length, 64 * 1024 + 1);
});

Deno.test("LineMerger: a line of our own amid one of a job → on a line of its own", async () => {
  const file = new TwoDescriptors();
  const merger = new LineMerger(true);
  await merger.copy(file.stdout, bytes("no end"));
  await merger.writeLine(file.stderr, "teleworker: a");
  await merger.flush();
  await merger.writeLine(file.stderr, "teleworker: b");
  equal(file.text, "teleworker: a\nno end\nteleworker: b\n");
});

Deno.test("LineMerger: one that does not hold → bytes as they come, and not copied", async () => {
  const merger = new LineMerger(false);
  const written: Uint8Array[] = [];
  const to = {
    write: (bytes: Uint8Array) => {
      written.push(bytes);
      return Promise.resolve(bytes.length);
    },
  };
  const chunks = [bytes("a\nb"), bytes("c")];
  for (const chunk of chunks) await merger.copy(to, chunk);
  deepEqual(written, chunks);
  ok(written.every(({ buffer }, index) => buffer === chunks[index]?.buffer));
  await merger.writeLine(to, "teleworker: a");
  deepEqual(new TextDecoder().decode(written.at(-1)), "\nteleworker: a\n");
});

Deno.test("LineMerger: what was held cannot be written → known at once, and to who flushes", async () => {
  const merger = new LineMerger(true);
  const to = { write: () => Promise.reject(new Deno.errors.BrokenPipe("Broken pipe (os error 32)")) };
  await merger.copy(to, bytes("prompt"));
  await until("its failure is known", () => merger.broken.aborted);
  ok(merger.broken.reason instanceof Deno.errors.BrokenPipe);
  await rejects(merger.copy(to, bytes("x")), Deno.errors.BrokenPipe);
  await rejects(merger.flush(), Deno.errors.BrokenPipe);
});
