import type { DocEntry, DocPage } from "@optique/core/doc";
import { formatMessage, type Message } from "@optique/core/message";
import { getDocPageSync, type Parser } from "@optique/core/parser";
import { formatUsageTerm, type Usage, type UsageTerm } from "@optique/core/usage";
import { commandAt } from "../lib/base/command_tree.ts";
import { bold, escape } from "./roff.ts";

/** A page of the manual, in the parts that differ. */
export interface ManualPage {
  readonly name: string;
  /** Of the manual: 1 is for users' programs, 8 for the administrator's. */
  readonly section: 1 | 8;
  /** What parses a command line that begins with these words. */
  readonly parserFor: (words: readonly string[]) => Parser<"sync", unknown, unknown>;
  readonly about: { readonly brief: Message; readonly description?: Message; readonly examples: Message };
  readonly exitStatus: readonly Item[];
  readonly files: readonly Item[];
  readonly seeAlso: string;
  /** As 2026-01-31. */
  readonly date: string;
  readonly version: string;
}

type Item = readonly [term: string, description: string];

/** The page in the language of man(7). */
export function writeManual(page: ManualPage): string {
  const { name, section, parserFor, about } = page;
  const root = pageOf(parserFor([]), []);
  const entries = root.sections.flatMap((part) => part.entries);
  const commands = entries.filter(({ term }) => term.type === "command");
  const options = entries.filter(({ term }) => term.type !== "command");
  return [
    `.TH ${name.toUpperCase()} ${section} ${page.date} "teleworker ${page.version}" ""`,
    ".SH NAME",
    `${name} \\- ${plain(about.brief).replace(/^./, (first) => first.toLowerCase()).replace(/\.$/, "")}`,
    ".SH SYNOPSIS",
    ...synopsis(name, root),
    ...about.description === undefined ? [] : [".SH DESCRIPTION", plain(about.description)],
    ".SH COMMANDS",
    ...commands.flatMap(({ term }) => command(page, term.type === "command" ? [term.name] : [], options)),
    ".SH OPTIONS",
    ...section === 1 ? ["Every command takes them, where it does not say otherwise."] : [],
    ...options.flatMap(entry),
    ...items([[section === 1 ? "--help, -h" : "--help", "Show help; behind a command, on that."], [
      "--version",
      "Show the version.",
    ]]),
    ...environment(options),
    ".SH EXIT STATUS",
    ...items(page.exitStatus),
    ".SH FILES",
    ...items(page.files),
    ".SH EXAMPLES",
    ...example(plain(about.examples)),
    ".SH SEE ALSO",
    page.seeAlso.replace(/^(\w+)(.*)$/, ".BR $1 $2"),
    "",
  ].join("\n");
}

function pageOf(parser: Parser<"sync", unknown, unknown>, words: readonly string[]): DocPage {
  const page = getDocPageSync(parser, words);
  if (page === undefined) throw new Error(`Cannot document "${words.join(" ")}": there is nothing about it`);
  return page;
}

/** A command with what is below it, without the options that all have. */
function command(page: ManualPage, words: readonly string[], common: readonly DocEntry[]): string[] {
  const doc = pageOf(page.parserFor(words), words);
  const known = new Set(common.map(keyOf));
  const entries = doc.sections.flatMap((part) => part.entries).filter((entry) => !known.has(keyOf(entry)));
  const below = entries.flatMap(({ term }) => term.type === "command" ? [[...words, term.name]] : []);
  const { aliases = [] } = commandAt(page.parserFor(words).usage, words) ?? {};
  const lines = [
    `.SS ${escape(words.join(" "))}`,
    ...below.length > 0 ? [] : [usageOf([page.name, ...words].join(" "), doc.usage ?? []), ".PP"],
    ...doc.brief === undefined ? [] : [plain(doc.brief)],
    ...aliases.length === 0 ? [] : [`Also: ${aliases.map(escape).join(", ")}.`],
    ...doc.description === undefined ? [] : [".PP", plain(doc.description)],
    ...entries.filter(({ term }) => term.type !== "command").flatMap(entry),
    ...doc.footer === undefined ? [] : [".PP", ...example(plain(doc.footer).replace(/^Example: /, ""))],
  ];
  return [...lines, ...below.flatMap((words) => command(page, words, common))];
}

function synopsis(name: string, root: DocPage): string[] {
  const hasVerbs = root.sections.some(({ entries }) => entries.some(({ term }) => term.type === "command"));
  return [`${bold(name)} [\\fIOPTION\\fR...]${hasVerbs ? " [\\fICOMMAND\\fR [\\fIARGUMENT\\fR...]]" : ""}`];
}

/** One line of usage, with the options, which all verbs have, in a word. */
function usageOf(name: string, usage: Usage): string {
  const operands = usage.filter((term) => term.type !== "command" && !hasOption(term));
  const shown = operands.map((term) => `\\fI${escape(formatUsageTerm(term))}\\fR`);
  return [bold(name), "[\\fIOPTION\\fR...]", ...shown].join(" ");
}

function hasOption(term: UsageTerm): boolean {
  if (term.type === "optional" || term.type === "multiple") return term.terms.some(hasOption);
  return term.type === "option";
}

function entry({ term, description }: DocEntry): string[] {
  const flags = term.type === "option" ? term.names.map(bold).join(", ") : "";
  const value = term.type === "option" || term.type === "argument" ? term.metavar : formatUsageTerm(term);
  return [
    ".TP",
    [flags, ...value === undefined ? [] : [`\\fI${escape(value)}\\fR`]].join(" ").trim(),
    description === undefined ? "\\&" : plain(description),
  ];
}

/** The variables that descriptions of options name. */
function environment(options: readonly DocEntry[]): string[] {
  const variables = options.flatMap(({ term, description }): Item[] => {
    const name = description && /TELEWORKER_[A-Z]+/.exec(formatMessage(description))?.[0];
    return name && term.type === "option" ? [[name, `Stands for ${term.names[0]}, where it is not given.`]] : [];
  });
  return variables.length === 0 ? [] : [".SH ENVIRONMENT", ...items(variables)];
}

function items(all: readonly Item[]): string[] {
  return all.flatMap(([term, description]) => [".TP", bold(term), escape(description)]);
}

function example(text: string): string[] {
  return [".RS 4", ".nf", text, ".fi", ".RE"];
}

function plain(message: Message): string {
  return escape(formatMessage(message, { colors: false, quotes: false }));
}

function keyOf({ term, description }: DocEntry): string {
  return JSON.stringify([term, description]);
}
