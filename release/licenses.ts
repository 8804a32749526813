/**
 * `deno task licenses`: collects the licences of what ends up in the binaries into the file that these carry and show.
 * @module
 */
import { join } from "node:path";
import { contentsOf, type Package, ROOT } from "./packages.ts";

const FILE = join(ROOT, "lib/about/third_party_licenses.txt");

/** The text of all licences, each once, below the names of the packages that it is the licence of. */
export async function collectLicenses(): Promise<string> {
  const contents = await Promise.all([contentsOf("client.ts"), contentsOf("server.ts")]);
  const packages = new Map(contents.flatMap(({ packages }) => packages.map((entry) => [entry.id, entry])));
  const names = new Map<string, string[]>();
  const add = (name: string, text: string) => names.set(text, [...names.get(text) ?? [], name]);
  add("Deno (MIT)", tidy(await Deno.readTextFile(new URL("deno_license.txt", import.meta.url))));
  for (const id of [...packages.keys()].sort()) {
    const entry = packages.get(id);
    if (entry) add(`${id} (${entry.license})`, await licenseOf(entry));
  }
  const sections = [...names].map(([text, names]) => `${"=".repeat(80)}\n${names.join("\n")}\n\n${text}\n`);
  return [HEAD, ...sections].join("\n");
}

const HEAD = `Teleworker is licensed under the Apache License 2.0. Its binaries carry what is named
below, each under its own licence. Deno in its turn carries V8 and many libraries in Rust,
whose licences are in Deno's repository: https://github.com/denoland/deno
`;

/** The licence files of a package, one after the other. */
async function licenseOf({ id, folder }: Package): Promise<string> {
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && /^(licen[cs]e|copying|copyright|notice)/i.test(name)) names.push(name);
  }
  if (names.length === 0) throw new Error(`Cannot find the licence of "${id}": it has no such file`);
  const texts = await Promise.all(names.sort().map((name) => Deno.readTextFile(join(folder, name))));
  return texts.map(tidy).join("\n\n");
}

/** Without carriage returns and other space at the ends of lines and of the text. */
function tidy(text: string): string {
  return text.replaceAll(/[^\S\n]+$/gm, "").replace(/^\n+/, "").trimEnd();
}

if (import.meta.main) await Deno.writeTextFile(FILE, await collectLicenses());
