import fc from "fast-check";
import { equal, rejects } from "../support/assert.ts";
import { tailOffset } from "../../lib/output/mod.ts";
import { noise, TestLog } from "./log.ts";

/** The simplest way to say what the last lines are. */
function naive(text: string, lines: number): number {
  const newline = text.endsWith("\n") ? "\n" : "";
  const all = text.slice(0, text.length - newline.length).split("\n");
  return lines === 0 ? text.length : text.length - (all.slice(-lines).join("\n") + newline).length;
}

async function tailOf(text: string, lines: number): Promise<string> {
  await using log = await TestLog.create(text);
  return text.slice(await tailOffset(log.path, lines));
}

Deno.test("tailOffset gives the last lines, with and without a newline at the end", async () => {
  equal(await tailOf("a\nb\nc\n", 2), "b\nc\n");
  equal(await tailOf("a\nb\nc", 2), "b\nc");
  equal(await tailOf("a\n\n\n", 2), "\n\n");
  equal(await tailOf("a", 1), "a");
  equal(await tailOf("\n", 1), "\n");
});

Deno.test("tailOffset gives nothing for no lines, and of an empty log", async () => {
  equal(await tailOf("a\nb\n", 0), "");
  equal(await tailOf("a", 0), "");
  equal(await tailOf("", 0), "");
  equal(await tailOf("", 10), "");
});

Deno.test("tailOffset gives everything where there are not so many lines", async () => {
  equal(await tailOf("a\nb\n", 2), "a\nb\n");
  equal(await tailOf("a\nb\n", 3), "a\nb\n");
  equal(await tailOf("\na\n", 999_999_999_999_999), "\na\n");
});

Deno.test("tailOffset finds lines longer than what is read at once, and at its borders", async () => {
  for (const length of [65_534, 65_535, 65_536, 65_537, 200_000]) {
    const text = `first\n${"x".repeat(length)}\nlast\n`;
    for (const lines of [1, 2, 3, 4]) {
      await using log = await TestLog.create(text);
      equal(await tailOffset(log.path, lines), naive(text, lines), `${length}, ${lines}`);
    }
  }
});

Deno.test("tailOffset takes bytes for bytes", async () => {
  const content = noise(300_000);
  await using log = await TestLog.create(content);
  // In Latin-1 every byte is a character.
  const text = Array.from(content, (byte) => String.fromCharCode(byte)).join("");
  for (const lines of [0, 1, 2, 10, 500, 5000]) equal(await tailOffset(log.path, lines), naive(text, lines));
});

Deno.test("tailOffset is what the naive way gives", async () => {
  const piece = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom("\n", "a", "\n\n", "bc") },
    { weight: 1, arbitrary: fc.integer({ min: 65_000, max: 66_000 }).map((length) => "x".repeat(length)) },
  );
  await fc.assert(fc.asyncProperty(fc.array(piece), fc.nat(8), async (pieces, lines) => {
    const text = pieces.join("");
    await using log = await TestLog.create(text);
    equal(await tailOffset(log.path, lines), naive(text, lines));
  }));
});

Deno.test("tailOffset fails where there is no log", async () => {
  await using log = await TestLog.create();
  await rejects(tailOffset(`${log.path}.other`, 1), Deno.errors.NotFound);
});

Deno.test("tailOffset stops when nobody waits for it any more", async () => {
  await using log = await TestLog.create("x".repeat(1_000_000));
  const gone = new AbortController();
  const finding = tailOffset(log.path, 1, 0, gone.signal);
  gone.abort(new Error("gone"));
  await rejects(finding, /^Error: gone$/);
  equal(await tailOffset(log.path, 1, 0, new AbortController().signal), 0);
});
