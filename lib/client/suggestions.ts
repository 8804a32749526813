import { formatMessage } from "@optique/core/message";
import { getDocPageSync, type Parser, suggestSync } from "@optique/core/parser";
import { joinRepeated } from "../base/join_repeated.ts";
import { aliasesOf, leadsToVerb, locate, verbsOf } from "../base/command_tree.ts";

/** A word that may stand where the cursor is. */
export interface Suggested {
  readonly text: string;
  /** What it means, on one line, or nothing. */
  readonly description: string;
}

/** What may follow on a command line; a placeholder of ./values.ts may be among it. */
export interface Suggestions {
  readonly suggested: readonly Suggested[];
  /** What of the last word stands before all that is suggested, such as `--host=`. */
  readonly head: string;
  /** The rest of the last word, which what is suggested begins with. */
  readonly prefix: string;
}

/** What may stand in the place of the last word, by the parser of the command line. */
export function suggest(parser: Parser<"sync", unknown, unknown>, words: readonly string[]): Suggestions {
  const last = words.at(-1) ?? "";
  const before = joinRepeated(parser.usage, words.slice(0, -1));
  if (before[0] === "help") {
    const { suggested } = suggest(parser, words.slice(1));
    const verbs = verbsOf(parser.usage);
    return { suggested: suggested.filter(({ text }) => verbs.has(text)), head: "", prefix: last };
  }
  const { flagsEnded, positional, valueOf } = locate(parser.usage, before);
  const joined = flagsEnded ? null : /^(--[a-z-]+)=([^]*)$/.exec(last);
  if (valueOf !== undefined) return { ...suggestValue(parser, before.slice(0, -1), valueOf, last), head: "" };
  if (joined !== null) return suggestValue(parser, before, joined[1] ?? "", joined[2] ?? "");

  const asFlag = !flagsEnded && last.startsWith("-");
  if (!leadsToVerb(parser.usage, positional)) return { suggested: [], head: "", prefix: last };
  const aliases = positional.length === 0 ? aliasesOf(parser.usage) : new Set();
  // A lone - is the beginning of every flag.
  const asked = asFlag && last === "-" ? ["-", "--"] : [last];
  const texts = asked.flatMap((word) => textsOf(parser, [...before, word]));
  if (asFlag) {
    texts.push(...["--help", ...positional.length === 0 ? ["--version"] : []].filter((flag) => flag.startsWith(last)));
  }
  const suitable = texts.filter((text) => !aliases.has(text) && text.startsWith("-") === asFlag);
  return { suggested: describe(parser, before, suitable), head: "", prefix: last };
}

/** What the value of a flag may be; asked for as one word, since after two the parser suggests more than values. */
function suggestValue(
  parser: Parser<"sync", unknown, unknown>,
  before: readonly string[],
  flag: string,
  prefix: string,
): Suggestions {
  const head = `${flag}=`;
  const texts = textsOf(parser, [...before, head + prefix]).filter((text) => text.startsWith(head));
  return { suggested: texts.map((text) => ({ text: text.slice(head.length), description: "" })), head, prefix };
}

function textsOf(parser: Parser<"sync", unknown, unknown>, words: readonly string[]): string[] {
  const [first = "", ...rest] = words;
  const texts = suggestSync(parser, [first, ...rest]).flatMap((one) => one.kind === "literal" ? [one.text] : []);
  return [...new Set(texts)];
}

/** With what --help says about them here. */
function describe(
  parser: Parser<"sync", unknown, unknown>,
  before: readonly string[],
  texts: readonly string[],
): Suggested[] {
  const entries = getDocPageSync(parser, before)?.sections.flatMap((section) => section.entries) ?? [];
  const descriptions = new Map(entries.flatMap(({ term, description }) => {
    const names = term.type === "command" ? [term.name] : term.type === "option" ? term.names : [];
    const text = description === undefined ? "" : formatMessage(description, { colors: false, quotes: false });
    return names.map((name) => [name, text] as const);
  }));
  return texts.map((text) => ({ text, description: descriptions.get(text) ?? "" }));
}
