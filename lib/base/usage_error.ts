import { formatMessage, type Message, type MessageTerm } from "@optique/core/message";
import type { Usage } from "@optique/core/usage";
import { aliasesOf, firstUnknown, flagsAt, locate, verbsNamed } from "./command_tree.ts";

/** What a program takes on its command line. */
export interface CommandLine {
  /** Of all verbs. */
  readonly usage: Usage;
  /** The flags that go with each. */
  readonly general: ReadonlySet<string>;
  /** What is suggested for words that other programs have for our verbs, by the words that lead to them. */
  readonly synonyms: ReadonlyMap<string, readonly string[]>;
}

/**
 * Says what is wrong with a command line, in the words of all our errors: what cannot be done, the value in quotes, why. The parser has
 * stops and backquotes of its own.
 *
 * @returns The lines of it. What the user gave is in them as it came: they are to be escaped one by one.
 */
export function describeUsageError(error: Message, commandLine: CommandLine, args: readonly string[]): string[] {
  const { usage, general } = commandLine;
  const [names, colon, ...why] = error;
  // How it says that the value of an option or an argument is bad.
  const of = names?.type === "optionNames"
    ? names.optionNames[0]
    : names?.type === "metavar"
    ? names.metavar
    : undefined;
  if (of !== undefined && colon?.type === "text" && colon.text === ": ") {
    return [`Cannot use ${of} ${why.map(describeTerm).join("")}`];
  }
  const hint = error.findIndex((term) => term.type === "text" && term.text.startsWith("Did you mean"));
  const terms = hint < 0 ? error : error.slice(0, hint);
  const similar = error.slice(terms.length).flatMap((term) => term.type === "optionName" ? [term.optionName] : []);
  const { positional } = locate(usage, args);
  const place = firstUnknown(usage, positional);
  const unknown = place === undefined ? undefined : positional[place];
  if (unknown !== undefined && terms.some((term) => wordsIn(term).includes(unknown))) {
    const above = positional.slice(0, place);
    return [`There is no verb ${quote(unknown)}`, ...suggest(similarVerbs(commandLine, above, unknown, similar))];
  }
  const flags = general.union(flagsAt(usage, positional));
  const text = terms.map(describeTerm).join("").trimEnd().replace(/\.$/, "");
  // One letter is near to every other, and says nothing.
  return [text, ...suggest(similar.filter((name) => flags.has(name) && !/^-[^-]$/.test(name)))];
}

/** The words of the command line that a part of an error is about. */
function wordsIn(term: MessageTerm): readonly string[] {
  if (term.type === "values") return term.values;
  return term.type === "optionName" ? [term.optionName] : term.type === "value" ? [term.value] : [];
}

/**
 * Finds what may be meant by a word that is no verb after the words `above`: what other programs call so, a verb of that name elsewhere, or
 * verbs of similar names, those that may stand there first. A verb that may not stand there is named with the words that lead to it.
 */
function similarVerbs(
  { usage, synonyms }: CommandLine,
  above: readonly string[],
  word: string,
  similar: readonly string[],
): readonly string[] {
  const meant = synonyms.get([...above, word].join(" "));
  if (meant !== undefined) return meant;
  const elsewhere = verbsNamed(usage, word).filter((verb) => verb !== word);
  if (elsewhere.length > 0) return elsewhere;
  const near = withoutAliases(similar, aliasesOf(usage)).flatMap((name) => verbsNamed(usage, name));
  const prefix = above.map((word) => `${word} `).join("");
  const here = near.flatMap((verb) => verb.startsWith(prefix) ? [verb.slice(prefix.length)] : [])
    .filter((verb) => !verb.includes(" "));
  return here.length > 0 ? here : near.filter((verb) => verb !== word);
}

/** An alias counts only where nothing else is near, and is not what a user is to learn: each follows the verb that it stands for. */
function withoutAliases(similar: readonly string[], aliases: ReadonlySet<string>): readonly string[] {
  const names = similar.filter((name) => !name.startsWith("-"));
  const near = names.filter((name, index) => !aliases.has(name) && !aliases.has(names[index + 1] ?? ""));
  return near.length > 0 ? near : names.filter((name) => !aliases.has(name));
}

function suggest(all: readonly string[]): string[] {
  const [...different] = new Set(all);
  return different.length === 0 ? [] : ["", `Did you mean ${different.map(quote).join(" or ")}?`];
}

function describeTerm(term: MessageTerm): string {
  switch (term.type) {
    case "text":
      return term.text.replace("option or subcommand", "option or argument");
    case "value":
      return quote(term.value);
    case "values":
      return term.values.map(quote).join(" ");
    case "optionName":
      return quote(term.optionName);
    default:
      return formatMessage([term], { quotes: false });
  }
}

function quote(text: string): string {
  return `"${text}"`;
}
