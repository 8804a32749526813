import { deepEqual, equal, ok } from "../support/assert.ts";
import { firstUnknown } from "../../lib/base/command_tree.ts";
import { parserFor, SYNONYMS } from "../../lib/client/program.ts";
import { parser as daemonParser, SYNONYMS as DAEMON_SYNONYMS } from "../../lib/server/flags.ts";
import { teleworkerd } from "../server/teleworkerd.ts";
import { teleworker } from "../support/teleworker.ts";

const NOWHERE = { address: "127.0.0.1:1", certs: "/nowhere" };

/** What is suggested for words that are no verb; each line of it must be ours. */
async function suggested(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await teleworker(NOWHERE, words);
  deepEqual([code, stdout], [2, ""], words.join(" "));
  const [first = "", ...rest] = stderr.trimEnd().split("\n");
  equal(/^teleworker: There is no verb "([^"]*)"$/.test(first), true, stderr);
  return rest.flatMap((line) => [...line.matchAll(/"([^"]*)"/g)].map(([, verb]) => verb ?? ""));
}

Deno.test("A word that is no verb here: the verb that may be meant → named in full", async (t) => {
  const cases: readonly (readonly [words: string[], suggested: string[]])[] = [
    // Below another verb.
    [["init"], ["certs init"]],
    [["init", "--days", "3"], ["certs init"]],
    [["--certs", "x", "renew", "alice"], ["certs renew"]],
    [["revoke", "alice"], ["certs revoke"]],
    [["show", "ca.pem"], ["certs show"]],
    [["request"], ["certs request"]],
    [["server", "localhost"], ["certs server", "certs request server"]],
    [["client"], ["certs client", "certs request client"]],
    [["inti"], ["certs init"]],
    [["revok"], ["certs revoke"]],
    [["help", "init"], ["certs init"]],
    // Above, or on the same level.
    [["certs", "run", "x"], []],
    [["certs", "inti"], ["init"]],
    [["certs", "request", "sevrer"], ["server"]],
    [["certs", "request", "init"], ["certs init"]],
    [["certs", "request", "alice"], []],
    [["certs", "certs"], []],
    // Of other programs.
    [["info"], ["status", "certs show"]],
    [["kill", "a"], ["stop --kill"]],
    [["exec", "a"], ["run"]],
    [["top"], ["stats"]],
    [["inspect", "a"], ["status"]],
    [["delete", "a"], ["remove"]],
    [["certs", "remove", "a"], ["certs revoke"]],
    [["certs", "rm", "a"], ["certs revoke"]],
    [["version"], ["--version"]],
    [["frobnicate"], []],
  ];
  for (const [words, expected] of cases) {
    await t.step(words.join(" "), async () => deepEqual(await suggested(...words), expected));
  }
});

Deno.test("A refused word: every verb, at every wrong place → never suggested itself", async () => {
  const words = ["start", "list", "rm", "ls", "stats", "certs", "help", "init", "show", "request", "client", "revoke"];
  const lines = words.flatMap((word) => [[word], ["certs", word], ["certs", "request", word]]);
  const wrong = lines.filter((line) => firstUnknown(parserFor(line).usage, line) !== undefined);
  ok(wrong.length > 15);
  await Promise.all(wrong.map(async (line) => {
    const all = await suggested(...line);
    ok(!all.includes(line.at(-1) ?? ""), `${line.join(" ")}: ${all}`);
  }));
});

Deno.test("Synonyms: each → is no verb, and stands for verbs that there are", () => {
  for (const [synonyms, { usage }] of [[SYNONYMS, parserFor([])], [DAEMON_SYNONYMS, daemonParser]] as const) {
    for (const [words, verbs] of synonyms) {
      ok(firstUnknown(usage, words.split(" ")) !== undefined, words);
      for (const verb of verbs) {
        if (verb.startsWith("--")) continue;
        equal(firstUnknown(usage, verb.replace(/ -.*/, "").split(" ")), undefined, verb);
      }
    }
  }
});

Deno.test("teleworkerd: a word that is no verb → the verb that is meant, or that none is required", async () => {
  const says = async (...args: string[]) => {
    const { code, stdout, stderr } = await teleworkerd(args);
    deepEqual([code, stdout], [2, ""]);
    return stderr;
  };
  const runs = "\n\nWithout a verb, as in teleworkerd --certs DIR, it runs the daemon.\n";
  for (const word of ["start", "run", "serve"]) {
    equal(await says(word, "--certs", "x"), `teleworkerd: There is no verb "${word}"${runs}`);
  }
  equal(await says("chekc"), 'teleworkerd: There is no verb "chekc"\n\nDid you mean "check"?\n');
  equal(await says("status"), 'teleworkerd: There is no verb "status"\n\nDid you mean "check"?\n');
  for (const [word, verb] of [["init", "certs init"], ["list", "list"], ["certs", "certs"]]) {
    const hint = `\n\nThat is a verb of the client: teleworker ${verb}\n`;
    equal(await says(word ?? ""), `teleworkerd: There is no verb "${word}"${hint}`);
  }
  equal(await says("stray"), 'teleworkerd: There is no verb "stray"\n');
  equal(await says("install", "x"), 'teleworkerd: Unexpected option or argument: "x"\n');
});
