/** What roff would obey, or show as another character than the one that a user has to type (groff_char(7), "Legacy"). */
const CHARACTERS: Readonly<Record<string, string>> = {
  "\\": "\\e",
  "-": "\\-",
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
};

/** Text as roff shows it literally; not to begin a line of requests. */
export function escape(text: string): string {
  return text.replace(/[\\'`^~-]|[^\x20-\x7e\n]/g, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return CHARACTERS[character] ?? `\\[u${code.toString(16).toUpperCase().padStart(4, "0")}]`;
  }).replace(/^\./gm, "\\&.");
}

/** Text in bold. */
export function bold(text: string): string {
  return `\\fB${escape(text)}\\fR`;
}
