import fc from "fast-check";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { writeAll as write } from "../../lib/base/write_all.ts";
import { clean } from "../../lib/client/terminal.ts";

Deno.test("clean shows what would move the cursor, set a title, colour or turn text around", () => {
  equal(clean("\x1b[31mred\x1b]0;title\x07"), "\\u001b[31mred\\u001b]0;title\\u0007");
  equal(clean("a\nb\r\tc\x7f\x9b2J\0"), "a\\nb\\u000d\\u0009c\\u007f\\u009b2J\\u0000");
  equal(clean("\u202egnp.exe\u2066\u200f\u061c"), "\\u202egnp.exe\\u2066\\u200f\\u061c");
});

Deno.test("clean leaves readable text as it is", () => {
  for (const text of ["", "backup", "größer – 大きい 🙂", 'C:\\new "x"', "e\u0301"]) equal(clean(text), text);
});

Deno.test("clean leaves nothing that controls a terminal in any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const cleaned = clean(text);
    ok(!/[\p{C}\p{Zl}\p{Zp}]/u.test(cleaned));
    equal(clean(cleaned), cleaned);
  }));
});

Deno.test("write goes on until every byte is out", async () => {
  const written: number[] = [];
  const slow = {
    write(bytes: Uint8Array) {
      const taken = Math.min(3, bytes.length);
      written.push(...bytes.subarray(0, taken));
      return Promise.resolve(taken);
    },
  };
  await write(slow, Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
  deepEqual(written, [1, 2, 3, 4, 5, 6, 7]);
});
