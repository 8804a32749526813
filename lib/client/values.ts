import type { NonEmptyString } from "@optique/core/nonempty";
import { choice, string, type ValueParser } from "@optique/core/valueparser";
import type { PerDisk } from "./disks.ts";
import { isSignal, SIGNAL_NAMES, signalName } from "./signals.ts";
import { clean } from "./terminal.ts";
import { parseCores, parseDuration, parseSize } from "../contract/units.ts";

/** A flag's value that one of our functions parses; why it throws is what the user reads, after the flag and the value. */
function value<T>(metavar: NonEmptyString, placeholder: T, parse: (text: string) => T): ValueParser<"sync", T> {
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
        const [, reason = error.message] = error.message.split(`"${text}": `);
        return {
          success: false,
          error: [{ type: "value", value: text }, { type: "text", text: `: ${clean(reason)}` }],
        };
      }
    },
  };
}

/** `512K`, `256M`, `1.5G`. */
export const size = () => value("SIZE", 1, parseSize);
/** The same, and `0`. */
export const sizeOrZero = () => value("SIZE", 0, (text) => text === "0" ? 0 : parseSize(text));

/** `1M` for every disk, `sda:1M` for one. */
export const perDisk = (metavar: NonEmptyString, parse: (text: string) => number) =>
  value<PerDisk>(`[DISK:]${metavar}`, { disk: null, value: 1 }, (text) => {
    // The last colon, for a disk may be named by its numbers, as 8:0.
    const colon = text.lastIndexOf(":");
    if (colon === 0) throw new SyntaxError("it names no disk before the colon");
    return { disk: colon < 0 ? null : text.slice(0, colon), value: parse(text.slice(colon + 1)) };
  });

/** `10s`, `5m`. */
export const duration = () => value("TIME", 1, parseDuration);
/** `0.5`, `50%`. */
export const cores = () => value("CORES", 1, parseCores);

/** `NAME=VALUE`. */
export const variable = () =>
  value<readonly [string, string]>("NAME=VALUE", ["A", "a"], (text) => {
    const equals = text.indexOf("=");
    if (equals < 1) throw new SyntaxError("it must be NAME=VALUE");
    return [text.slice(0, equals), text.slice(equals + 1)];
  });

/** What stands among suggestions for what only the server or a folder knows. */
export type Placeholder = "<jobs>" | "<running jobs>" | "<clients>" | "<file>" | "<directory>";

/** Text of which a completion knows what it can be. */
export const known = (metavar: NonEmptyString, placeholder: Placeholder): ValueParser<"sync", string> => ({
  ...string({ metavar }),
  suggest: () => [{ kind: "literal", text: placeholder }],
});

/** A signal by name, with or without its SIG, or by number; its full name. */
export const signal = (): ValueParser<"sync", string> => ({
  ...value("SIGNAL", "SIGTERM", (text) => {
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
export const whole = (metavar: NonEmptyString, min: number, max?: number) =>
  value(metavar, min, (text) => {
    const number = Number(text);
    if (/^\d{1,15}$/.test(text) && number >= min && number <= (max ?? number)) return number;
    throw new SyntaxError(`it must be a whole number from ${min} ${max === undefined ? "on" : `to ${max}`}`);
  });

/** One of a few words. */
export const oneOf = <const Word extends string>(words: readonly Word[], metavar: NonEmptyString) =>
  choice(words, {
    metavar,
    errors: {
      invalidChoice: (text) => [{ type: "value", value: text }, {
        type: "text",
        text: `: it must be ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`,
      }],
    },
  });
