import fc from "fast-check";
import { deepEqual, equal, ok, throws } from "../support/assert.ts";
import { formatDuration, formatSize, parseCores, parseDuration, parseSize } from "../../lib/contract/units.ts";

const FACTORS = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const;
const SECONDS = { ms: 0.001, "": 1, s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Text that is no quantity in any unit, however it is read. */
const NONSENSE = [
  "",
  " ",
  "-1",
  "+1",
  "1e3",
  "0x10",
  "1,5",
  ".5",
  "1.",
  "1.2.3",
  "1 M",
  " 1",
  "1\n",
  "one",
  "NaN",
  "∞",
  "１",
];

Deno.test("parseSize reads every unit, in either case and in its long forms", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 4095 }), fc.constantFrom("", "K", "M", "G", "T"), (number, unit) => {
    const bytes = number * FACTORS[unit];
    const suffixes = unit === "" ? ["", "B", "b"] : [unit, unit.toLowerCase(), `${unit}B`, `${unit}i`, `${unit}iB`];
    for (const suffix of suffixes) equal(parseSize(`${number}${suffix}`), bytes, `${number}${suffix}`);
  }));
  deepEqual(["1.5K", "0.5M", "1.0009K"].map(parseSize), [1536, 524_288, 1024]);
});

Deno.test("parseSize refuses what is no size, and says why", () => {
  for (
    const text of [...NONSENSE, "12Q", "12i", "K", "12KK", "12KiBB", "0", "0.5", "0K", "9007199254740992", "9999T"]
  ) {
    throws(() => parseSize(text), SyntaxError, JSON.stringify(text));
  }
  throws(() => parseSize("12Q"), {
    message: 'Cannot parse size "12Q": unknown unit, it must be a number and a unit, such as 512K, 256M or 1.5G',
  });
  throws(() => parseSize("0"), {
    message: 'Cannot parse size "0": it must be at least 1 byte, such as 512K, 256M or 1.5G',
  });
  throws(() => parseSize("9000000T"), { message: 'Cannot parse size "9000000T": it is too large' });
});

Deno.test("parseSize gives a number of bytes that a file can have, or refuses", () => {
  const texts = fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]{1,30}[KMGTkmgtiB]{0,3}$/));
  fc.assert(fc.property(texts, (text) => {
    const bytes = parsedOrNull(parseSize, text);
    ok(bytes === null || (Number.isSafeInteger(bytes) && bytes >= 1), `${text} gave ${bytes}`);
  }));
});

Deno.test("formatSize writes what parseSize reads, to a tenth of its unit", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 52 }), (bytes) => {
    const read = parseSize(formatSize(bytes));
    ok(Math.abs(read - bytes) <= Math.max(1, bytes * 0.051), `${bytes} became ${formatSize(bytes)}, which is ${read}`);
  }));
  deepEqual([0, 1, 1023, 1024, 1536, 2 ** 20, 268_435_456, 1.5 * 2 ** 30, 2 ** 40].map(formatSize), [
    ...["0B", "1B", "1023B", "1K", "1.5K", "1M", "256M", "1.5G", "1T"],
  ]);
});

Deno.test("parseDuration reads every unit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9999 }), fc.constantFrom("ms", "", "s", "m", "h", "d"), (number, unit) => {
      equal(parseDuration(`${number}${unit}`), number * SECONDS[unit]);
    }),
  );
  deepEqual(["0.5s", "1.5h", "90"].map(parseDuration), [0.5, 5400, 90]);
});

Deno.test("parseDuration refuses what is no duration, and says why", () => {
  for (const text of [...NONSENSE, "5x", "1w", "1M", "1S", "1h30m", "9".repeat(400)]) {
    throws(() => parseDuration(text), SyntaxError, JSON.stringify(text));
  }
  throws(() => parseDuration("5x"), {
    message: 'Cannot parse duration "5x": unknown unit, it must be a number and a unit, such as 30s, 5m or 2h',
  });
});

Deno.test("parseDuration gives a finite number, or refuses", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]{1,400}[smhd]{0,2}$/)), (text) => {
    const seconds = parsedOrNull(parseDuration, text);
    ok(seconds === null || (Number.isFinite(seconds) && seconds >= 0), `${text} gave ${seconds}`);
  }));
});

Deno.test("formatDuration is short at every length", () => {
  const lengths = [
    0,
    0.0001,
    0.0123,
    0.04,
    0.3,
    0.9999,
    9.94,
    10,
    59.9,
    60,
    192,
    3599,
    3600,
    7500,
    86_399,
    86_400,
    615_600,
  ];
  deepEqual(lengths.map(formatDuration), [
    ...[
      "0s",
      "<1ms",
      "12ms",
      "40ms",
      "300ms",
      "1s",
      "9.9s",
      "10s",
      "59s",
      "1m00s",
      "3m12s",
      "59m59s",
      "1h00m",
      "2h05m",
      "23h59m",
      "1d00h",
    ],
    "7d03h",
  ]);
});

Deno.test("parseCores reads cores and percents of one", () => {
  deepEqual(["0.5", "2", "50%", "250%"].map(parseCores), [0.5, 2, 0.5, 2.5]);
  fc.assert(fc.property(fc.integer({ min: 1, max: 10_000 }), (percent) => {
    equal(parseCores(`${percent}%`), percent / 100);
  }));
});

Deno.test("parseCores refuses what is no number of cores", () => {
  for (const text of [...NONSENSE, "50%%", "%", "0.5c", "1K", "9".repeat(400)]) {
    throws(() => parseCores(text), SyntaxError, JSON.stringify(text));
  }
});

function parsedOrNull(parse: (text: string) => number, text: string): number | null {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
