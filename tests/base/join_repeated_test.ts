import { object, or } from "@optique/core/constructs";
import { optional, withDefault } from "@optique/core/modifiers";
import { parseSync } from "@optique/core/parser";
import { argument, command, constant, flag, option } from "@optique/core/primitives";
import { integer, string } from "@optique/core/valueparser";
import fc from "fast-check";
import { deepEqual, equal } from "../support/assert.ts";
import { each, eachText, joinRepeated, repeated } from "../../lib/base/join_repeated.ts";

const parser = or(
  command(
    "do",
    object({
      verb: constant("do"),
      number: repeated(option("--number", "-n", each(integer({ metavar: "N" })))),
      name: optional(option("--name", string({ metavar: "NAME" }))),
      quick: withDefault(flag("--quick", "-q"), false),
      first: argument(string({ metavar: "FIRST" })),
      others: repeated(argument(eachText(string({ metavar: "OTHER" })))),
    }),
  ),
  command("one", object({ verb: constant("one"), only: argument(string({ metavar: "ONLY" })) })),
);

/** The value that the parser makes of a command line, or its complaint. */
function parse(...args: string[]): unknown {
  const result = parseSync(parser, joinRepeated(parser.usage, args));
  if (result.success) return result.value;
  return result.error.map((term) => term.type === "text" ? term.text : JSON.stringify(term)).join("");
}

Deno.test("joinRepeated: options among operands → all of each, in their order", () => {
  deepEqual(parse("do", "-n", "1", "a", "--number=2", "b", "-q", "--name", "-x", "c", "--number", "3"), {
    verb: "do",
    number: [1, 2, 3],
    name: "-x",
    quick: true,
    first: "a",
    others: ["b", "c"],
  });
});

Deno.test("joinRepeated: operands that are empty or look like options after -- → as they are", () => {
  deepEqual(parse("do", "a", "", "--", "-n", "1", "--", "", "--number=x"), {
    verb: "do",
    number: [],
    name: undefined,
    quick: false,
    first: "a",
    others: ["", "-n", "1", "--", "", "--number=x"],
  });
});

Deno.test("joinRepeated: one bad value among many → that value is refused", () => {
  equal(/"value":"x"/.test(String(parse("do", "a", "-n", "1", "-n", "x", "-n", "3"))), true);
});

Deno.test("joinRepeated: no verb, a verb of one operand, or no value → the same arguments", () => {
  for (
    const args of [[], ["x", "a", "b"], ["--", "do", "a", "b"], ["one", "a", "b", "--", "c"], ["do", "a", "--number"], [
      "do",
      "a",
      "--name=x",
      "--name",
      "y",
    ]]
  ) {
    deepEqual(joinRepeated(parser.usage, args), args);
  }
});

Deno.test("joinRepeated: any operands and numbers → each of them once", () => {
  const word = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(word), fc.array(fc.integer()), fc.boolean(), (words, numbers, equals) => {
      const flags = numbers.flatMap((n) => equals ? [`--number=${n}`] : ["-n", String(n)]);
      deepEqual(parse("do", ...flags, "--", "first", ...words), {
        ...{ verb: "do", number: numbers, name: undefined, quick: false, first: "first", others: words },
      });
    }),
    { numRuns: 30 },
  );
});
