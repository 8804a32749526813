import { join } from "node:path";
import type { Usage } from "@optique/core/usage";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { parserFor } from "../../lib/client/program.ts";
import { VERSION } from "../../lib/about/version.ts";
import { parser as server } from "../../lib/server/flags.ts";
import { escape } from "../../build/roff.ts";
import { TemporaryFolder } from "../support/folder.ts";

const PAGES = [["teleworker.1", parserFor([]).usage], ["teleworkerd.8", server.usage]] as const;
const MAN = new URL("../../build/man.ts", import.meta.url).pathname;

async function run(program: string, args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], env }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Makes the pages in a folder. */
async function makeManual(folder: string, env: Record<string, string> = {}): Promise<void> {
  const { code, stderr } = await run(
    Deno.execPath(),
    ["run", "--quiet", "--no-check", "--allow-all", MAN, folder],
    env,
  );
  deepEqual({ code, stderr }, { code: 0, stderr: "" });
}

/** The page as a terminal shows it, without anything between letters. */
async function render(path: string): Promise<string> {
  const { code, stdout, stderr } = await run("groff", ["-man", "-ww", "-Tutf8", "-P-cbou", "-rLL=500n", path]);
  deepEqual({ code, stderr }, { code: 0, stderr: "" }, path);
  return stdout;
}

/** The names of verbs, with what leads there, and of flags. */
function namesIn(usage: Usage, before = ""): string[] {
  let path = before;
  return usage.flatMap((term) => {
    switch (term.type) {
      case "command":
        path = `${before}${term.name} `;
        return [path.trim(), ...term.aliases ?? []];
      case "option":
        return [...term.names];
      case "exclusive":
        return term.terms.flatMap((terms) => namesIn(terms, path));
      case "optional":
      case "multiple":
        return namesIn(term.terms, path);
      default:
        return [];
    }
  });
}

function hasGroff(): boolean {
  try {
    return new Deno.Command("groff", { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const ignore = !hasGroff();
const skipped = ignore ? ": skipped, there is no groff" : "";

Deno.test(`the manual renders without a warning and has every verb and every flag${skipped}`, { ignore }, async (t) => {
  await using folder = await TemporaryFolder.create();
  await makeManual(folder.path);
  for (const [file, usage] of PAGES) {
    await t.step(file, async () => {
      const shown = await render(join(folder.path, file));
      const names = namesIn(usage);
      ok(names.length > 20);
      for (const name of [...names, "--help", "--version", VERSION]) {
        const whole = new RegExp(`(?<![\\w-])${name.replaceAll(".", "\\.")}(?![\\w-])`);
        match(shown, whole, name);
      }
    });
  }
});

Deno.test(`what a user copies out of the manual is what one has to type${skipped}`, { ignore }, async () => {
  await using folder = await TemporaryFolder.create();
  await makeManual(folder.path);
  const shown = await render(join(folder.path, "teleworker.1"));
  ok(shown.includes("teleworker run --memory 256M -- sh -c 'echo hello; hostname'"));
  ok(shown.includes("~/.config/teleworker/certs"));
});

Deno.test("the manual is of the date of SOURCE_DATE_EPOCH, and the same each time", async () => {
  await using one = await TemporaryFolder.create();
  await using other = await TemporaryFolder.create();
  const env = { SOURCE_DATE_EPOCH: "1750000000" };
  await makeManual(one.path, env);
  await makeManual(other.path, env);
  for (const [file] of PAGES) {
    const text = await Deno.readTextFile(join(one.path, file));
    match(text, /^\.TH TELEWORKERD? [18] 2025-06-15 /);
    equal(text, await Deno.readTextFile(join(other.path, file)));
  }
});

Deno.test("escape keeps roff from obeying text", () => {
  equal(escape(".SH x"), "\\&.SH x");
  equal(escape("a\n.b"), "a\n\\&.b");
  equal(escape("'--a\\n'"), "\\(aq\\-\\-a\\en\\(aq");
  equal(escape("…"), "\\[u2026]");
});
