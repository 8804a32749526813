import fc from "fast-check";
import { equal, ok } from "../support/assert.ts";
import { columnsOf, cutColumns, padColumns } from "../../lib/base/columns.ts";
import { cutText } from "../../lib/base/cut_text.ts";
import { escapeTerminal } from "../../lib/base/escape_terminal.ts";

Deno.test("columnsOf: wide, narrow and combining characters → their columns", () => {
  const columns: Readonly<Record<string, number>> = {
    "": 0,
    "abc": 3,
    "größer …": 8,
    "漢字": 4,
    "ｱ": 1,
    "Ａ": 2,
    "e\u0301": 1,
    "🙂": 2,
    "👍🏽": 2,
    "❤️": 2,
    "🇩🇪": 2,
    "\\u{e0041}": 9,
  };
  for (const [text, count] of Object.entries(columns)) equal(columnsOf(text), count, text);
});

Deno.test("cutColumns: text too wide → whole characters and …", () => {
  equal(cutColumns("abcdef", 6), "abcdef");
  equal(cutColumns("abcdefg", 6), "abcde…");
  equal(cutColumns("abcd🙂", 6), "abcd🙂");
  equal(cutColumns("abcd🙂e", 6), "abcd…");
  equal(cutColumns("abcde\u0301fg", 6), "abcde\u0301…");
  equal(cutColumns("abc👍🏽xyz", 6), "abc👍🏽…");
  equal(cutColumns("abc🇩🇪🇫🇷", 6), "abc🇩🇪…");
  equal(cutColumns("a\\u{e0041}b", 6), "a…");
  equal(cutColumns("漢", 1), "…");
});

Deno.test("cutColumns: any text → no wider than it may be, and well formed", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 20 }), (text, columns) => {
    const shown = escapeTerminal(text);
    const cut = cutColumns(shown, columns);
    ok(columnsOf(cut) <= columns, JSON.stringify([shown, cut]));
    ok(cut.isWellFormed() && (cut === shown || cut.endsWith("…")));
    ok(cut === shown || shown.startsWith(cut.slice(0, -1)));
  }));
});

Deno.test("padColumns: text narrower than its column → spaces up to it", () => {
  equal(padColumns("漢", 5) + "|", "漢   |");
  equal(padColumns("abc", 2), "abc");
});

Deno.test("cutText: a pair of surrogates at the end → left out whole", () => {
  equal(cutText("ab🙂", 3), "ab");
  equal(cutText("ab🙂", 4), "ab🙂");
  equal(cutText("ab🙂", 5), "ab🙂");
  equal(cutText("abc", 2), "ab");
});
