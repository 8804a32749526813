import { formatMessage, type Message, type MessageTerm } from "@optique/core/message";
import type { Usage } from "@optique/core/usage";
import { aliasesOf, flagsAt, leadsToVerb, locate } from "./command_tree.ts";

/**
 * Says what is wrong with a command line, in the words of all our errors: what cannot be done, the value in quotes, why. The parser has
 * stops and backquotes of its own.
 *
 * @returns The lines of it. What the user gave is in them as it came: they are to be escaped one by one.
 * @param usage Of all verbs.
 * @param general The flags that go with each.
 * @param args The command line.
 */
export function describeUsageError(
  error: Message,
  usage: Usage,
  general: ReadonlySet<string>,
  args: readonly string[],
): string[] {
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
  const { positional } = locate(usage, args);
  const unknown = unknownWord(terms);
  const noVerb = unknown !== undefined && !unknown.startsWith("-") && !leadsToVerb(usage, positional);
  const flags = noVerb ? new Set() : general.union(flagsAt(usage, positional));
  const similar = error.slice(terms.length)
    .flatMap((term) => term.type === "optionName" ? [term.optionName] : [])
    .filter((name) => !name.startsWith("-") || flags.has(name));
  const text = noVerb
    ? `There is no verb ${quote(unknown)}`
    : terms.map(describeTerm).join("").trimEnd().replace(/\.$/, "");
  return [text, ...suggest(similar, aliasesOf(usage))];
}

/** The word for which there was no place. */
function unknownWord([says, word]: Message): string | undefined {
  if (says?.type !== "text" || !says.text.startsWith("Unexpected option or argument")) return undefined;
  return word?.type === "optionName" ? word.optionName : word?.type === "value" ? word.value : undefined;
}

/**
 * One letter is near to every other, and says nothing. An alias counts only where nothing else is near, and is not what a user is to
 * learn: each follows the verb that it stands for.
 */
function suggest(similar: readonly string[], aliases: ReadonlySet<string>): string[] {
  const names = similar.filter((name) => !/^-[^-]$/.test(name));
  const near = names.filter((name, index) => !aliases.has(name) && !aliases.has(names[index + 1] ?? ""));
  const all = near.length > 0 ? near : names.filter((name) => !aliases.has(name));
  return all.length === 0 ? [] : ["", `Did you mean ${all.map(quote).join(" or ")}?`];
}

function describeTerm(term: MessageTerm): string {
  switch (term.type) {
    case "text":
      return term.text;
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
