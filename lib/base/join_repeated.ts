import { map, multiple, type MultipleOptions } from "@optique/core/modifiers";
import type { Parser } from "@optique/core/parser";
import type { Usage, UsageTerm } from "@optique/core/usage";
import type { ValueParser } from "@optique/core/valueparser";
import { belowVerb, optionsOf } from "./command_tree.ts";

/**
 * Long command lines for a parser that is slow at them. Optique tries every option on every argument and copies what it has so far, which
 * takes a minute for some ten thousand. Here all values of an option that may be repeated become one argument, and so do all operands; the
 * parser of such a value takes them apart again. No argument can have a NUL in it, so that is what stands between them.
 * @module
 */
const SEPARATOR = "\0";

/**
 * Joins on a command line the values of each option that may be repeated, and the operands of a verb that takes any number of them.
 * It is the same command line to parsers that are made by {@linkcode repeated}.
 *
 * @param usage of all verbs.
 */
export function joinRepeated(usage: Usage, args: readonly string[]): string[] {
  const verb = belowVerb(usage, args);
  if (verb === undefined) return [...args];
  const options = optionsOf(usage);
  // As one operand after the verb's words and those operands that it takes one of.
  const single = verb.depth + verb.below.filter(({ type }) => type === "argument").length;
  const manyOperands = verb.below.some((term) => isRepeated(term, "argument"));
  const repeatable = new Set(verb.below.filter((term) => isRepeated(term, "option")).flatMap(namesOf));
  const joined: (string | string[])[] = [];
  const parts = new Map<string, string[]>();
  /** Adds a part to what there is under this name; the first comes after `before`. */
  const add = (name: string, part: string, ...before: readonly string[]) => {
    const others = parts.get(name);
    if (others !== undefined) return void others.push(part);
    const first = [part];
    parts.set(name, first);
    joined.push(...before, first);
  };
  let operands = 0;
  let flagsEnded = false;
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? "";
    const [name = "", ...value] = flagsEnded || !word.startsWith("--") ? [word] : word.split("=");
    const option = flagsEnded ? undefined : options.get(name);
    if (flagsEnded || (option === undefined && !word.startsWith("-"))) {
      if (manyOperands && ++operands > single) add("", word);
      else joined.push(word);
    } else if (word === "--") {
      flagsEnded = true;
      joined.push(word);
    } else if (option !== undefined && value.length > 0 && repeatable.has(name)) {
      add(option.long, value.join("="), option.long);
    } else if (option?.hasValue && value.length === 0 && index + 1 < args.length) {
      const next = args[++index] ?? "";
      if (repeatable.has(name)) add(option.long, next, option.long);
      else joined.push(word, next);
    } else joined.push(word);
  }
  return joined.map((word) => typeof word === "string" ? word : word.join(SEPARATOR));
}

function isRepeated(term: UsageTerm, type: "argument" | "option"): boolean {
  return term.type === "multiple" && term.terms.some((one) => one.type === type);
}

function namesOf(term: UsageTerm): readonly string[] {
  if (term.type === "option") return term.names;
  return term.type === "multiple" ? term.terms.flatMap(namesOf) : [];
}

/** The parts of one value. A function, as the parser goes through all of any object or array that it has as a value. */
type Parts<T> = () => readonly T[];

/** Makes an option or an argument that may be repeated out of one whose value {@linkcode each} or {@linkcode eachText} parses. */
export function repeated<T, S>(
  parser: Parser<"sync", Parts<T>, S>,
  options?: MultipleOptions,
): Parser<"sync", readonly T[], readonly S[]> {
  return map(multiple(parser, options), (values) => values.flatMap((parts) => parts()));
}

/** Makes a value parser of the parts of a value that may be any text. */
export function eachText({ metavar, suggest }: ValueParser<"sync", string>): ValueParser<"sync", Parts<string>> {
  return {
    mode: "sync",
    metavar,
    placeholder: () => [],
    format: (parts) => parts().join(" "),
    parse: (text) => ({ success: true, value: () => text.split(SEPARATOR) }),
    suggest: (prefix) => suggest?.(prefix) ?? [],
  };
}

/** Makes a value parser of the parts of a value; what is wrong with one of them is wrong with the value. */
export function each<T>(parser: ValueParser<"sync", T>): ValueParser<"sync", Parts<T>> {
  return {
    mode: "sync",
    metavar: parser.metavar,
    placeholder: () => [],
    format: (parts) => parts().map(parser.format).join(" "),
    parse(text) {
      const values: T[] = [];
      for (const part of text.split(SEPARATOR)) {
        const result = parser.parse(part);
        if (!result.success) return result;
        values.push(result.value);
      }
      return { success: true, value: () => values };
    },
    suggest: (prefix) => parser.suggest?.(prefix) ?? [],
  };
}
