import type { Usage, UsageTerm } from "@optique/core/usage";

/** A verb in the usage of a command line. */
export type Command = Extract<UsageTerm, { type: "command" }>;

/** Where a command line stands after some words. */
export interface Position {
  /** Whether a -- has ended the flags. */
  readonly flagsEnded: boolean;
  /** The words that are neither flags nor their values. */
  readonly positional: readonly string[];
  /** The long name of the flag that the next word is the value of. */
  readonly valueOf: string | undefined;
}

/** An option as it stands in a usage. */
export interface Option {
  /** Its long name. */
  readonly long: string;
  readonly hasValue: boolean;
}

/** Where the words before a -- lead to. */
export function locate(usage: Usage, words: readonly string[]): Position {
  const options = optionsOf(usage);
  const positional: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (word === "--") return { flagsEnded: true, positional, valueOf: undefined };
    const option = options.get(word);
    if (option?.hasValue && ++index === words.length) return { flagsEnded: false, positional, valueOf: option.long };
    if (!word.startsWith("-")) positional.push(word);
  }
  return { flagsEnded: false, positional, valueOf: undefined };
}

/** Returns the options of all verbs, by each of their names. */
export function optionsOf(usage: Usage): Map<string, Option> {
  const options = new Map<string, Option>();
  for (const term of termsOf(usage)) {
    if (term.type !== "option") continue;
    const long = term.names.find((name) => name.startsWith("--")) ?? term.names[0] ?? "";
    for (const name of term.names) options.set(name, { long, hasValue: term.metavar !== undefined });
  }
  return options;
}

/** Returns how many words lead to the verb of a command line, and what may follow them; `undefined` where there is no such verb. */
export function belowVerb(usage: Usage, args: readonly string[]): { depth: number; below: Usage } | undefined {
  const { positional } = locate(usage, args);
  let below = usage;
  for (let depth = 0;; depth++) {
    const commands = commandsOf(below);
    if (commands.length === 0) return depth === 0 ? undefined : { depth, below };
    const found = commands.find(([command]) => namesOf(command).includes(positional[depth] ?? ""));
    if (found === undefined) return undefined;
    below = found[1];
  }
}

/** Whether words that may lead to a verb do: `certs init` does, `certs inti` does not, nor does `strat`. */
export function leadsToVerb(usage: Usage, words: readonly string[]): boolean {
  return firstUnknown(usage, words) === undefined;
}

/** Returns the place of the first of these words that is no verb where one is required. */
export function firstUnknown(usage: Usage, words: readonly string[]): number | undefined {
  let level = usage;
  for (const [index, word] of words.entries()) {
    const commands = commandsOf(level);
    if (commands.length === 0) return undefined;
    const found = commands.find(([command]) => namesOf(command).includes(word));
    if (found === undefined) return index;
    level = found[1];
  }
  return undefined;
}

/** The verb that exactly these words lead to. */
export function commandAt(usage: Usage, [word, ...words]: readonly string[]): Command | undefined {
  const [command, below] = commandsOf(usage).find(([command]) => command.name === word) ?? [];
  return below === undefined || words.length === 0 ? command : commandAt(below, words);
}

/** Returns the words that lead to each verb, such as `certs` and `certs init`. */
export function verbPaths(usage: Usage, above: readonly string[] = []): string[] {
  return commandsOf(usage).flatMap(([{ name }, below]) => {
    const path = [...above, name];
    return [path.join(" "), ...verbPaths(below, path)];
  });
}

/** Returns the verbs of a name or alias on every level, each with the words that lead to it, such as `certs init`. */
export function verbsNamed(usage: Usage, name: string, above: readonly string[] = []): string[] {
  return commandsOf(usage).flatMap(([command, below]) => {
    const path = [...above, command.name];
    const here = namesOf(command).includes(name) ? [path.join(" ")] : [];
    return [...here, ...verbsNamed(below, name, path)];
  });
}

/** The names of the flags that the verb has which some words lead to; none where they lead to no verb. */
export function flagsAt(usage: Usage, words: readonly string[]): Set<string> {
  const [word, ...others] = words;
  const below = commandsOf(usage).find(([command]) => word !== undefined && namesOf(command).includes(word))?.[1];
  if (below === undefined) return new Set();
  return commandsOf(below).length === 0 ? flagsOf(below) : flagsAt(below, others);
}

/** The names of all flags. */
export function flagsOf(usage: Usage): Set<string> {
  return new Set([...termsOf(usage)].flatMap((term) => term.type === "option" ? term.names : []));
}

/** The names of all verbs but their aliases. */
export function verbsOf(usage: Usage): Set<string> {
  return new Set([...termsOf(usage)].flatMap((term) => term.type === "command" ? [term.name] : []));
}

/** The other names of verbs. */
export function aliasesOf(usage: Usage): Set<string> {
  return new Set([...termsOf(usage)].flatMap((term) => term.type === "command" ? term.aliases ?? [] : []));
}

/** The verbs that may come first, each with what may follow it. */
function commandsOf(usage: Usage): (readonly [Command, Usage])[] {
  const first: (readonly [Command, Usage])[] = [];
  for (const [index, term] of usage.entries()) {
    // What is behind a verb is no verb that may come first.
    if (term.type === "command") return [...first, [term, usage.slice(index + 1)]];
    first.push(...nested(term).flatMap(commandsOf));
  }
  return first;
}

function namesOf({ name, aliases = [] }: Command): readonly string[] {
  return [name, ...aliases];
}

function* termsOf(usage: Usage): Generator<UsageTerm> {
  for (const term of usage) {
    yield term;
    for (const terms of nested(term)) yield* termsOf(terms);
  }
}

function nested(term: UsageTerm): readonly Usage[] {
  if (term.type === "exclusive") return term.terms;
  return term.type === "optional" || term.type === "multiple" || term.type === "sequence" ? [term.terms] : [];
}
