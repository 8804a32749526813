import { deepEqual, equal, match, ok, throws } from "../support/assert.ts";
import { VERSION } from "../../lib/about/version.ts";
import { notesOf, versionOf } from "../../release/notes.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const CHANGELOG = `# Changelog

## [Unreleased]

## [0.10.0] - 2026-03-01

### Fixed

- This.

## [0.1.0] - 2026-02-03

First.

[0.10.0]: https://example.com/0.10.0
`;

Deno.test("notesOf is a version's section, without its heading and the links at the end", () => {
  equal(notesOf(CHANGELOG, "0.10.0"), "### Fixed\n\n- This.");
  equal(notesOf(CHANGELOG, "0.1.0"), "First.");
});

Deno.test("notesOf refuses a version without a section, without words, or without a date", () => {
  throws(() => notesOf(CHANGELOG, "0.1"), /version "0\.1": the changelog has no such section/);
  throws(() => notesOf(CHANGELOG, "0x1.0"), /no such section/);
  throws(() => notesOf("## [1.0.0] - 2026-01-01\n\n## [0.9.0] - 2025-01-01\n- That.\n", "1.0.0"), /is empty/);
  throws(() => notesOf("## [1.0.0] - soon\n\n- That.\n", "1.0.0"), /has no date/);
});

Deno.test("versionOf takes the tag of the version in deno.json alone", () => {
  equal(versionOf(`v${VERSION}`), VERSION);
  for (const tag of ["", VERSION, `v${VERSION}-rc.1`, `v${VERSION}\n`, "v99.0.0"]) {
    throws(() => versionOf(tag), /Cannot release "[^]*": deno\.json says version/, tag);
  }
});

/** Runs the task as the workflow does. */
async function runTask(tag: string) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "release:notes", tag],
    cwd: ROOT,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("the task release:notes prints the notes of the version that is in deno.json", async () => {
  const { code, stdout, stderr } = await runTask(`v${VERSION}`);
  deepEqual([code, stderr], [0, ""]);
  match(stdout, /\w/);
  ok((await Deno.readTextFile(`${ROOT}CHANGELOG.md`)).includes(stdout));
});

Deno.test("the task release:notes fails for another tag, and prints nothing that could be taken for notes", async () => {
  const { code, stdout, stderr } = await runTask("v99.0.0");
  deepEqual([code, stdout], [1, ""]);
  match(stderr, /^Cannot release "v99\.0\.0": deno\.json says version/);
});

Deno.test("the changelog has the shape of Keep a Changelog", async () => {
  const text = await Deno.readTextFile(`${ROOT}CHANGELOG.md`);
  const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading ?? "");
  const [first, ...versions] = headings;
  equal(first, "[Unreleased]");
  ok(versions.length > 0);
  for (const heading of versions) {
    match(heading, /^\[\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?\] - \d{4}-\d{2}-\d{2}( \[YANKED\])?$/);
  }
  for (const [, kind = ""] of text.matchAll(/^### (.*)$/gm)) {
    ok(["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"].includes(kind), kind);
  }
});
