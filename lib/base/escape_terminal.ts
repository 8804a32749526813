/**
 * What a terminal may obey, hide or lay out in another order than it was written: control, format (U+200B, U+00AD, bidirectional
 * overrides, tags), private and unassigned characters, lone surrogates, line and paragraph separators.
 */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Escapes text for people, on one line: `\n`, `\u200b`, and beyond 16 bits `\u{e0041}` stand for what a terminal would not just show.
 * A backslash stays as it is, for most of them belong to somebody's text.
 */
export function escapeTerminal(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === "\n") return "\\n";
    return character.length === 1 ? escapeUnit(character) : `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

/** Escapes the same characters in JSON, whose meaning stays: beyond 16 bits it knows an escape for each half alone (RFC 8259, 7). */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (character) => character.split("").map(escapeUnit).join(""));
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
