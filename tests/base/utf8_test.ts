import { equal } from "../support/assert.ts";
import { findNotUtf8Argument, readVariable } from "../../lib/base/utf8.ts";

/** What a process of its own says of its last arguments, which printf(1) writes. */
async function found(...escaped: readonly string[]): Promise<string> {
  const script = 'exec "$0" run --quiet --no-prompt --no-lock "$@"';
  const args = escaped.map((text) => `"$(printf '${text}.')"`).join(" ");
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: [
      "-c",
      `set -- "$@" ${args}; ${script}`,
      Deno.execPath(),
      "--unstable-raw-imports",
      "--allow-read",
      new URL("utf8_main.ts", import.meta.url).pathname,
    ],
    stdin: "null",
  }).output();
  equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).trimEnd();
}

Deno.test("findNotUtf8Argument: bytes that are not UTF-8 → that argument, escaped", async () => {
  equal(await found("a", "caf\\351", "b"), '"caf\\xe9.": it is not valid UTF-8');
  equal(await found("\\357\\277\\275", "\\357\\277", '"\\\\\\n\\377'), '"\\xef\\xbf.": it is not valid UTF-8');
  equal(await found("\\042\\134\\012\\377"), '"\\"\\\\\\x0a\\xff.": it is not valid UTF-8');
  // Overlong, a surrogate, beyond Unicode.
  for (const bytes of ["\\300\\200", "\\355\\240\\200", "\\364\\220\\200\\200"]) {
    equal((await found(bytes)).endsWith('": it is not valid UTF-8'), true, bytes);
  }
});

Deno.test("findNotUtf8Argument: U+FFFD itself, other characters, none → undefined", async () => {
  equal(await found("\\357\\277\\275", "\\357\\273\\277\\357\\277\\275", "", "caf\\303\\251"), "undefined");
  equal(await found(), "undefined");
});

Deno.test("findNotUtf8Argument: no bytes to compare with → refused, as it may be either", async () => {
  // These are not the arguments of this process.
  const problem =
    '"\ufffd": it is not valid UTF-8, or has the character U+FFFD, which Deno puts in place of what is not';
  equal(await findNotUtf8Argument(["a", "\ufffd"]), problem);
  equal(await findNotUtf8Argument(["a", "\u00e9"]), undefined);
});

Deno.test("readVariable: set, empty, unset → as Deno.env.get", () => {
  Deno.env.set("TELEWORKER_TEST_VARIABLE", "caf\u00e9");
  equal(readVariable("TELEWORKER_TEST_VARIABLE"), "caf\u00e9");
  Deno.env.set("TELEWORKER_TEST_VARIABLE", "");
  equal(readVariable("TELEWORKER_TEST_VARIABLE"), "");
  Deno.env.delete("TELEWORKER_TEST_VARIABLE");
  equal(readVariable("TELEWORKER_TEST_VARIABLE"), undefined);
});
