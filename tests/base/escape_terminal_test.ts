import fc from "fast-check";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { escapeJson, escapeTerminal } from "../../lib/base/escape_terminal.ts";

Deno.test("escapeTerminal: control and format characters → one escape each", () => {
  const cases: readonly (readonly [text: string, escaped: string])[] = [
    ["\x1b[31m\x9b2J\x7f\0", "\\u001b[31m\\u009b2J\\u007f\\u0000"],
    ["a\nb\rc", "a\\nb\\u000dc"],
    ["\u200b\u200d\u00ad\ufeff", "\\u200b\\u200d\\u00ad\\ufeff"],
    ["\u202e\u2066\u061c", "\\u202e\\u2066\\u061c"],
    ["\u2028\u2029", "\\u2028\\u2029"],
    ["\u{e0041}\u{e007f}", "\\u{e0041}\\u{e007f}"],
    ["\ue000\u{10ffff}", "\\ue000\\u{10ffff}"],
    ["\ud800a\udfff", "\\ud800a\\udfff"],
  ];
  for (const [text, escaped] of cases) equal(escapeTerminal(text), escaped);
});

Deno.test("escapeTerminal: readable text → the same text", () => {
  for (const text of ["", "größer – 大きい 🙂👍🏽❤️🇩🇪", 'C:\\new "x"', "e\u0301", "\u00a0"]) {
    equal(escapeTerminal(text), text);
  }
});

Deno.test("escapeTerminal: any text → nothing a terminal obeys, and no second escape", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const escaped = escapeTerminal(text);
    ok(!/[\p{C}\p{Zl}\p{Zp}]/u.test(escaped));
    equal(escapeTerminal(escaped), escaped);
  }));
});

Deno.test("escapeJson: any JSON → the same value, and nothing a terminal obeys", () => {
  equal(escapeJson('"\u{e0041}\u200b"'), '"\\udb40\\udc41\\u200b"');
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const escaped = escapeJson(JSON.stringify({ text }));
    ok(!/[\p{C}\p{Zl}\p{Zp}]/u.test(escaped));
    deepEqual(JSON.parse(escaped), { text });
  }));
});
