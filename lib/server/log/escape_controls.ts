/** Text, such as JSON, with everything escaped that moves the cursor of a terminal or hides in it, also C1 and bidirectional controls. */
export function escapeControls(json: string): string {
  return json.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    // Of a character beyond 16 bits, each half.
    return character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  });
}
