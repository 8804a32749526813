import type { NonEmptyString } from "@optique/core/nonempty";
import type { ValueParser } from "@optique/core/valueparser";
import { z } from "zod";
import { describeIssue } from "../contract/issue.ts";
import type { PerDisk } from "./disks.ts";
import { isSignal, SIGNAL_NAMES, signalName } from "./signals.ts";
import { clean } from "./terminal.ts";
import { parseCores, parseDuration, parseSize } from "../contract/units.ts";

/**
 * A flag's value that one of our functions parses; why it throws is what the user reads, after the flag and the value, with an example
 * where it has none.
 */
function value<T>(
  metavar: NonEmptyString,
  placeholder: T,
  example: string,
  parse: (text: string) => T,
): ValueParser<"sync", T> {
  return {
    mode: "sync",
    metavar,
    placeholder,
    format: String,
    parse(text) {
      try {
        return { success: true, value: parse(text) };
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        const reason = reasonOf(error, text);
        const such = reason.includes("such as") ? "" : `, such as "${example}"`;
        return {
          success: false,
          error: [{ type: "value", value: text }, { type: "text", text: `: ${clean(reason)}${such}` }],
        };
      }
    },
  };
}

/** Why a text cannot be parsed, without what repeats it. */
function reasonOf({ message }: SyntaxError, text: string): string {
  const [, reason = message] = message.split(`"${text}": `);
  return reason;
}

/** Refuses what the server would refuse, by its own schema. */
function checked<T>(value: T, schema: z.ZodType, request: unknown = value): T {
  const [issue] = schema.safeParse(request).error?.issues ?? [];
  if (issue !== undefined) throw new SyntaxError(`it ${describeIssue(issue)}`);
  return value;
}

/** Text that the schema takes. */
export const text = (metavar: NonEmptyString, schema: z.ZodType, example: string) =>
  value(metavar, "a", example, (text) => checked(text, schema));

/** `512K`, `256M`, `1.5G`. */
export const size = (schema: z.ZodType) => value("SIZE", 1, "256M", (text) => checked(parseSize(text), schema));
/** The same, and `0`. */
export const sizeOrZero = (schema: z.ZodType) =>
  value("SIZE", 0, "256M", (text) => checked(text === "0" ? 0 : parseSize(text), schema));

/** `1M` for every disk, `sda:1M` for one. */
export const perDisk = (metavar: NonEmptyString, parse: (text: string) => number, example: string) =>
  value<PerDisk>(`[DISK:]${metavar}`, { disk: null, value: 1 }, `sda:${example}`, (text) => {
    // The last colon, for a disk may be named by its numbers, as 8:0.
    const colon = text.lastIndexOf(":");
    if (colon === 0) throw new SyntaxError("it names no disk before the colon");
    const limit = text.slice(colon + 1);
    try {
      return { disk: colon < 0 ? null : text.slice(0, colon), value: parse(limit) };
    } catch (error) {
      throw error instanceof SyntaxError ? new SyntaxError(reasonOf(error, limit)) : error;
    }
  });

/** `10s`, `5m`. */
export const duration = (schema: z.ZodType) => value("TIME", 1, "30s", (text) => checked(parseDuration(text), schema));
/** The same, in seconds rounded up. */
export const wholeSeconds = (schema: z.ZodType) =>
  value("TIME", 1, "30s", (text) => checked(Math.ceil(parseDuration(text)), schema));
/** `0.5`, `50%`. */
export const cores = (schema: z.ZodType) => value("CORES", 1, "0.5", (text) => checked(parseCores(text), schema));

/** `NAME=VALUE`; the schema is that of an object of them. */
export const variable = (schema: z.ZodType) =>
  value<readonly [string, string]>("NAME=VALUE", ["A", "a"], "LANG=C", (text) => {
    const equals = text.indexOf("=");
    if (equals < 1) throw new SyntaxError("it must be NAME=VALUE");
    const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
    return checked([name, value], schema, { [name]: value });
  });

/** What stands among suggestions for what only the server or a folder knows. */
export const PLACEHOLDERS = ["<jobs>", "<running jobs>", "<clients>", "<file>", "<directory>"] as const;
/** See {@linkcode PLACEHOLDERS}. */
export type Placeholder = typeof PLACEHOLDERS[number];

const nonEmpty = z.string().min(1, "must not be empty");

/** Text, never empty, of which a completion knows what it can be. */
export const known = (
  metavar: NonEmptyString,
  placeholder: Placeholder,
  example: string,
): ValueParser<"sync", string> => ({
  ...value(metavar, "a", example, (text) => checked(text, nonEmpty)),
  suggest: () => [{ kind: "literal", text: placeholder }],
});

/** A signal by name, with or without its SIG, or by number; its full name. */
export const signal = (): ValueParser<"sync", string> => ({
  ...value("SIGNAL", "SIGTERM", "TERM", (text) => {
    const upper = text.toUpperCase();
    const name = /^\d+$/.test(text) ? signalName(Number(text)) : upper.startsWith("SIG") ? upper : `SIG${upper}`;
    if (name === undefined || !isSignal(name)) {
      throw new SyntaxError("no such signal; it must be one such as TERM, KILL or 15");
    }
    return name;
  }),
  suggest: (prefix) =>
    SIGNAL_NAMES.flatMap((name) => [name, name.slice("SIG".length)])
      .filter((name) => name.startsWith(prefix) && (prefix.startsWith("S") || !name.startsWith("SIG")))
      .map((text) => ({ kind: "literal", text })),
});

/** A whole number of a range; without an upper end up to 15 digits. */
export const whole = (
  metavar: NonEmptyString,
  [min, max]: readonly [min: number, max?: number],
  example: string,
  schema: z.ZodType = z.number(),
) =>
  value(metavar, min, example, (text) => {
    const number = Number(text);
    if (/^\d{1,15}$/.test(text) && number >= min && number <= (max ?? number)) return checked(number, schema);
    throw new SyntaxError(`it must be a whole number from ${min} ${max === undefined ? "on" : `to ${max}`}`);
  });

/** `256`, or `256:1024` for a soft limit and a hard one. */
export const softAndHard = (schema: z.ZodType) =>
  value<number | { soft: number; hard: number }>("SOFT[:HARD]", 1, "256:1024", (text) => {
    const [soft = NaN, hard = soft, ...rest] = text.split(":").map((part) =>
      /^\d{1,15}$/.test(part) ? Number(part) : NaN
    );
    if (Number.isNaN(soft + hard) || rest.length > 0) {
      throw new SyntaxError("it must be a whole number, such as 256, or two, such as 256:1024");
    }
    // Two that are the same are sent as one: that an older daemon knows as well.
    return checked(soft === hard ? soft : { soft, hard }, schema);
  });
