import { join } from "node:path";
import { z } from "zod";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { VERSION } from "../../lib/about/version.ts";
import { makeSbom } from "../../release/sbom.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const licenses = z.tuple([z.strictObject({ license: z.strictObject({ id: z.string().regex(/^[\w.+-]+$/) }) })]);

const program = z.strictObject({
  type: z.literal("application"),
  "bom-ref": z.string(),
  name: z.string(),
  version: z.literal(VERSION),
  licenses,
});

/** What we use of https://cyclonedx.org/schema/bom-1.6.schema.json, and nothing that is not in it. */
const sbomSchema = z.strictObject({
  bomFormat: z.literal("CycloneDX"),
  specVersion: z.literal("1.6"),
  version: z.literal(1),
  metadata: z.strictObject({
    timestamp: z.iso.datetime().optional(),
    component: program.extend({ components: z.array(program) }),
  }),
  components: z.array(z.discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("platform"),
      "bom-ref": z.string(),
      name: z.literal("deno"),
      version: z.literal(Deno.version.deno),
      licenses,
      purl: z.templateLiteral(["pkg:github/denoland/deno@v", Deno.version.deno]),
    }),
    z.strictObject({
      type: z.literal("library"),
      "bom-ref": z.string(),
      group: z.string().regex(/^@[\w-]+$/).optional(),
      name: z.string().regex(/^[\w-]+$/),
      version: z.string().regex(/^\d+\.\d+\.\d+$/),
      hashes: z.tuple([
        z.strictObject({ alg: z.literal("SHA-512"), content: z.string().regex(/^[0-9a-f]{128}$/) }),
      ]),
      licenses,
      purl: z.string().regex(/^pkg:npm\/(%40[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+$/),
    }),
  ])),
  dependencies: z.array(z.strictObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

/** Runs the task as the workflow does. */
async function runTask(env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "sbom"],
    cwd: ROOT,
    env,
    stdin: "null",
  }).output();
  ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Names of packages that a program's own source imports, told by their text and deno.json alone. */
async function importsOf(module: string, known = new Set<string>()): Promise<Set<string>> {
  if (known.has(module)) return new Set();
  known.add(module);
  const text = (await Deno.readTextFile(module)).replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
  const found = new Set<string>();
  for (const [, name = ""] of text.matchAll(/\b(?:from|import)\s*\(?\s*"([@.a-z][^"\s]*)"/g)) {
    if (name.startsWith("node:")) continue;
    if (name.endsWith(".ts")) {
      for (const other of await importsOf(join(module, "..", name), known)) found.add(other);
    } else if (!name.startsWith(".")) {
      found.add(name.split("/").slice(0, name.startsWith("@") ? 2 : 1).join("/"));
    }
  }
  return found;
}

const lockSchema = z.object({
  specifiers: z.record(z.string(), z.string()),
  npm: z.record(z.string(), z.object({ integrity: z.string(), dependencies: z.array(z.string()).default([]) })),
});

/** What deno.lock says is needed for packages, by id. */
async function closureOf(names: Iterable<string>): Promise<Map<string, string>> {
  const { specifiers, npm } = lockSchema.parse(JSON.parse(await Deno.readTextFile(join(ROOT, "deno.lock"))));
  const ids = Object.keys(npm);
  const resolve = (name: string) => {
    const found = ids.filter((id) => id === name || id.slice(0, id.lastIndexOf("@")) === name);
    equal(found.length, 1, name);
    return found[0] ?? "";
  };
  const found = new Map<string, string>();
  const add = (id: string) => {
    if (found.has(id)) return;
    found.set(id, npm[id]?.integrity ?? "");
    for (const name of npm[id]?.dependencies ?? []) add(resolve(name));
  };
  for (const name of names) {
    const [specifier = ""] = Object.keys(specifiers).filter((one) => one.startsWith(`npm:${name}@`));
    add(`${name}@${specifiers[specifier]}`);
  }
  return found;
}

Deno.test("makeSbom lists each package of the lock that the programs need, and no other", async () => {
  const { components } = sbomSchema.parse(await makeSbom());
  const imports = [await importsOf(join(ROOT, "client.ts")), await importsOf(join(ROOT, "server.ts"))];
  const expected = await closureOf(new Set(imports.flatMap((names) => [...names])));
  const libraries = components.filter((component) => component.type === "library");
  const listed = new Map(libraries.map(({ group, name, version, hashes: [{ content }] }) => [
    `${group === undefined ? "" : `${group}/`}${name}@${version}`,
    `sha512-${Uint8Array.fromHex(content).toBase64()}`,
  ]));
  deepEqual(listed, expected);
  equal(components.length, expected.size + 1, "the packages, and Deno");
  ok(![...listed.keys()].some((id) => id.startsWith("fast-check@")), "what only tests need is listed");
});

Deno.test("makeSbom says what needs what, from each program down to each package", async () => {
  const { metadata, components, dependencies } = sbomSchema.parse(await makeSbom());
  const root = metadata.component["bom-ref"];
  const programs = metadata.component.components;
  deepEqual(programs.map(({ name }) => name), ["teleworker", "teleworkerd"]);
  const refs = [root, ...[...programs, ...components].map((component) => component["bom-ref"])];
  equal(new Set(refs).size, refs.length, "a name stands for two things");
  deepEqual(dependencies.map(({ ref }) => ref).toSorted(), refs.toSorted());
  const reached = new Set([root]);
  for (const ref of reached) {
    for (const other of dependencies.find((entry) => entry.ref === ref)?.dependsOn ?? []) reached.add(other);
  }
  deepEqual([...reached].sort(), refs.toSorted());
});

Deno.test("the task sbom prints the same bytes twice, dated by SOURCE_DATE_EPOCH", async () => {
  const [first, second, dated] = await Promise.all([
    runTask(),
    runTask(),
    runTask({ SOURCE_DATE_EPOCH: "1700000000" }),
  ]);
  equal(first, second);
  equal(sbomSchema.parse(JSON.parse(first)).metadata.timestamp, undefined);
  const { metadata: { timestamp, ...metadata }, ...rest } = sbomSchema.parse(JSON.parse(dated));
  equal(timestamp, "2023-11-14T22:13:20.000Z");
  deepEqual({ ...rest, metadata }, JSON.parse(first));
});

Deno.test("the task sbom refuses a date that is none", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "sbom"],
    cwd: ROOT,
    env: { SOURCE_DATE_EPOCH: "yesterday", NO_COLOR: "1" },
  }).output();
  ok(!success);
  match(new TextDecoder().decode(stderr), /invalid_format|Invalid string/);
});
