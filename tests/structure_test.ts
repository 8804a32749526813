import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { deepEqual, ok } from "./support/assert.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Who may know whom, besides itself. */
const MAY_KNOW: Readonly<Record<string, readonly string[]>> = {
  client: ["about", "base", "contract", "pki"],
  server: ["about", "base", "contract", "worker", "pki"],
  install: ["about", "base"],
  worker: ["cgroup", "output"],
  // For the version.
  about: ["deno.json"],
  base: [],
  contract: [],
  cgroup: [],
  output: [],
  pki: ["base"],
};

/** A source file of ours, by its path from the root. */
interface Source {
  readonly path: string;
  readonly code: string;
  /** What it imports, as it is written. */
  readonly imports: readonly string[];
}

function readSource(path: string): Source {
  // Comments may speak of anything; no string of ours has a slash after a slash but in URLs.
  const code = Deno.readTextFileSync(join(ROOT, path)).replaceAll(/\/\*[^]*?\*\/|(?<!:)\/\/.*$/gm, "");
  const imports = [...code.matchAll(/\b(?:from|import)\s*\(?\s*["'`]([^"'`]+)["'`]/g)].map(([, name]) => name ?? "");
  return { path, code, imports };
}

function* sourcesIn(folder: string): Generator<Source> {
  for (const { name, isDirectory } of Deno.readDirSync(join(ROOT, folder))) {
    const path = join(folder, name);
    if (isDirectory) yield* sourcesIn(path);
    else if (name.endsWith(".ts")) yield readSource(path);
  }
}

/** The folders of lib, and other files of ours, that a source imports from. */
function known({ path, imports }: Source): string[] {
  const ours = imports.filter((name) => name.startsWith("."))
    .map((name) => relative(ROOT, join(ROOT, dirname(path), name)));
  return ours.map((target) => /^lib\/([^/]+)\//.exec(target)?.[1] ?? target);
}

Deno.test("lib has no folder without a rule about whom it may know", () => {
  const folders = [...Deno.readDirSync(join(ROOT, "lib"))].map(({ name }) => name);
  deepEqual(folders.sort(), Object.keys(MAY_KNOW).sort());
});

for (const [folder, others] of Object.entries(MAY_KNOW)) {
  Deno.test(`lib/${folder} knows nothing of ours but ${["itself", ...others].join(", ")}`, () => {
    const sources = [...sourcesIn(join("lib", folder))];
    // What all others need has no need of any.
    ok(folder === "base" || sources.some(({ imports }) => imports.length > 0), "no import was found");
    for (const source of sources) {
      const strangers = known(source).filter((name) => ![folder, ...others].includes(name));
      deepEqual(strangers, [], source.path);
    }
  });
}

Deno.test("the programs know what they wire and nothing below it", () => {
  deepEqual([...new Set(known(readSource("server.ts")))].sort(), ["install", "server"]);
  deepEqual([...new Set(known(readSource("client.ts")))], ["client"]);
});

Deno.test("lib/contract needs nothing but zod, so that anybody can use it", () => {
  const names = [...sourcesIn("lib/contract")].flatMap(({ imports }) => imports);
  deepEqual([...new Set(names.filter((name) => !name.startsWith(".")))], ["zod"]);
});

Deno.test("lib/worker knows nothing of HTTP and TLS", () => {
  for (const { path, imports } of sourcesIn("lib/worker")) {
    deepEqual(imports.filter((name) => /^(hono|node:(https?|http2|tls|net))/.test(name)), [], path);
  }
});

Deno.test("lib/server and lib/client know no kernel file", () => {
  for (const folder of ["lib/server", "lib/client"]) {
    for (const { path, code } of sourcesIn(folder)) ok(!/\/proc\b|\/sys\b|\bcgroup\.\w+/.test(code), path);
  }
});

Deno.test("a verb of the API has the same name on both sides", () => {
  const verbs = (folder: string) => [...sourcesIn(folder)].map(({ path }) => path.split("/").at(-1));
  const commands = verbs("lib/client/commands");
  for (const verb of ["start.ts", "list.ts", "status.ts", "stop.ts", "remove.ts"]) {
    ok(commands.includes(verb) && verbs("lib/server/routes").includes(verb), verb);
  }
});
