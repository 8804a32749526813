const SIZE_UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
const TIME_UNITS: Readonly<Record<string, number>> = { ms: 0.001, "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Bytes out of `512K`, `256M`, `1.5G`, also written `256MB` or `256MiB`: powers of 1024.
 * @throws {SyntaxError} for anything else, zero and what no file offset can hold included.
 */
export function parseSize(text: string): number {
  const bytes = Math.floor(
    parseQuantity(
      text.replace(/(?<=[KMGT])i?B?$|B$/i, "").toUpperCase(),
      SIZE_UNITS,
      `size "${text}"`,
      "a number and a unit, such as 512K, 256M or 1.5G",
    ),
  );
  if (bytes < 1) {
    throw new SyntaxError(`Cannot parse size "${text}": it must be at least 1 byte, such as 512K, 256M or 1.5G`);
  }
  if (bytes > Number.MAX_SAFE_INTEGER) throw new SyntaxError(`Cannot parse size "${text}": it is too large`);
  return bytes;
}

/**
 * A whole number above zero.
 * @throws {SyntaxError} for anything else.
 */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) {
    throw new SyntaxError(`Cannot parse number "${text}": it must be a whole number from 1 on`);
  }
  return Number(text);
}

/**
 * Seconds out of `500ms`, `10s`, `5m`, `2h`, `7d`; without a unit they are seconds.
 * @throws {SyntaxError} for anything else.
 */
export function parseDuration(text: string): number {
  return parseQuantity(text, TIME_UNITS, `duration "${text}"`, "a number and a unit, such as 30s, 5m or 2h");
}

/**
 * Cores out of `0.5` or `50%`.
 * @throws {SyntaxError} for anything else.
 */
export function parseCores(text: string): number {
  const percent = text.endsWith("%");
  const cores = parseQuantity(
    percent ? text.slice(0, -1) : text,
    { "": 1 },
    `number of CPUs "${text}"`,
    "a number, such as 0.5, 50% or 2",
  );
  return percent ? cores / 100 : cores;
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>, what: string, wanted: string): number {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text);
  if (match === null) throw new SyntaxError(`Cannot parse ${what}: it must be ${wanted}`);
  const unit = Object.hasOwn(units, match[2] ?? "") ? units[match[2] ?? ""] : undefined;
  if (unit === undefined) {
    throw new SyntaxError(
      `Cannot parse ${what}: unknown unit, it must be ${wanted}`,
    );
  }
  const quantity = Number(match[1]) * unit;
  if (!Number.isFinite(quantity)) throw new SyntaxError(`Cannot parse ${what}: it is too large`);
  return quantity;
}

/** A size for people: `1.5G`. */
export function formatSize(bytes: number): string {
  for (const unit of ["T", "G", "M", "K"]) {
    const factor = SIZE_UNITS[unit] ?? 1;
    if (bytes >= factor) return `${Number((bytes / factor).toFixed(1))}${unit}`;
  }
  return `${bytes}B`;
}

/** A duration for people: `12ms`, `1.3s`, `42s`, `3m12s`, `2h05m`, `7d03h`. */
export function formatDuration(seconds: number): string {
  if (seconds > 0 && seconds < 0.9995) return seconds < 0.0005 ? "<1ms" : `${Math.round(seconds * 1000)}ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))}s`;
  const whole = Math.floor(seconds);
  const padded = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${padded(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${padded(Math.floor(whole % 3600 / 60))}m`;
  return `${Math.floor(whole / 86_400)}d${padded(Math.floor(whole % 86_400 / 3600))}h`;
}
