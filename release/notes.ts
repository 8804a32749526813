/**
 * `deno task release:notes TAG`: prints the changelog's section of a release. Fails when the tag is not that of the version in
 * deno.json, or the changelog says nothing of it.
 * @module
 */
import { VERSION } from "../lib/about/version.ts";

/** A changelog's section of a version, without its heading. Throws when there is none, or when it is empty. */
export function notesOf(changelog: string, version: string): string {
  const lines = changelog.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`## [${version}] - `));
  if (start < 0) throw new Error(`Cannot find the notes of version "${version}": the changelog has no such section`);
  if (!/ - \d{4}-\d{2}-\d{2}$/.test(lines[start] ?? "")) {
    throw new Error(`Cannot use the notes of version "${version}": their heading has no date`);
  }
  const rest = lines.slice(start + 1);
  // The next version's heading, or the links that stand at the end.
  const end = rest.findIndex((line) => /^## |^\[[^\]]+\]: /.test(line));
  const notes = rest.slice(0, end < 0 ? undefined : end).join("\n").trim();
  if (notes === "") throw new Error(`Cannot use the notes of version "${version}": the section is empty`);
  return notes;
}

/** The version of a tag such as `v0.1.0`. Throws when it is not the version of the sources. */
export function versionOf(tag: string): string {
  if (tag !== `v${VERSION}`) throw new Error(`Cannot release "${tag}": deno.json says version "${VERSION}"`);
  return VERSION;
}

if (import.meta.main) {
  try {
    const changelog = await Deno.readTextFile(new URL("../CHANGELOG.md", import.meta.url));
    console.log(notesOf(changelog, versionOf(Deno.args[0] ?? "")));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
