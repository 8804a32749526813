import type { NonEmptyString } from "@optique/core/nonempty";
import type { ValueParser } from "@optique/core/valueparser";
import type { PerDisk } from "./disks.ts";
import { isSignal, signalName } from "./signals.ts";
import { parseCores, parseDuration, parseSize } from "../contract/units.ts";

/** A flag's value that one of our functions parses; what it throws is what the user reads. */
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
        return { success: false, error: [{ type: "text", text: error.message }] };
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
    if (colon === 0) throw new SyntaxError(`Cannot parse "${text}": it names no disk`);
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
    if (equals < 1) throw new SyntaxError(`Cannot parse variable "${text}": it must be NAME=VALUE`);
    return [text.slice(0, equals), text.slice(equals + 1)];
  });

/** A signal by name, with or without its SIG, or by number; its full name. */
export const signal = () =>
  value("SIGNAL", "SIGTERM", (text) => {
    const upper = text.toUpperCase();
    const name = /^\d+$/.test(text) ? signalName(Number(text)) : upper.startsWith("SIG") ? upper : `SIG${upper}`;
    if (name === undefined || !isSignal(name)) throw new SyntaxError(`Cannot send "${text}": no such signal`);
    return name;
  });
