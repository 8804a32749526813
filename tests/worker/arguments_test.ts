import fc from "fast-check";
import { deepEqual, equal } from "../support/assert.ts";
import { TestWorker } from "./worker.ts";

/** What a program gets when it is given these arguments. */
async function received(test: TestWorker, args: readonly string[]): Promise<string[]> {
  const printed = await test.print(["printf", "%s\\0", ...args]);
  return printed.split("\0").slice(0, -1);
}

Deno.test("arguments arrive as they were given, whatever a shell would make of them", async () => {
  await using test = await TestWorker.open();
  const args = [
    "",
    " ",
    "a b",
    "'",
    '"',
    "`id`",
    "$(id)",
    "$HOME ${PATH} $$ $0 $@",
    "*",
    "/etc/*",
    "?",
    "[a-z]",
    "{a,b}",
    "~",
    "\\",
    "\\n",
    "two\nlines",
    "\ttab\r",
    "; rm -rf /nowhere",
    "&",
    "|",
    "> /nowhere",
    "<",
    "!",
    "#",
    "-x",
    "--",
    "--help",
    "A=b",
    "äöü €",
    "😀",
    "\x01\x7f",
    "%s",
  ];
  deepEqual(await received(test, args), args);
});

Deno.test("arguments that begin with dashes are the program's, from the first on", async () => {
  await using test = await TestWorker.open();
  equal(await test.print(["echo", "-n", "x"]), "x");
  equal(await test.print(["printf", "--", "%s", "--"]), "--");
});

Deno.test("100 KB of arguments arrive, in one and in thousands", async () => {
  await using test = await TestWorker.open();
  const long = `"${"x y'".repeat(25_000)}$`;
  deepEqual(await received(test, [long]), [long]);
  const many = Array.from({ length: 10_000 }, (_, index) => `${index} \n`);
  deepEqual(await received(test, many), many);
});

Deno.test("arguments of any characters arrive", async () => {
  await using test = await TestWorker.open();
  const text = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1 }), async (args) => {
      deepEqual(await received(test, args), args);
    }),
    { numRuns: 20 },
  );
});
