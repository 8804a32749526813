/**
 * `deno task sbom`: prints what the binaries are made of, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/): per program the
 * packages in deno.lock that it imports and all that these need, and Deno. The same sources give the same bytes.
 * @module
 */
import { z } from "zod";
import { VERSION } from "../lib/contract/mod.ts";
import { contentsOf, type Package } from "./packages.ts";

const LICENSE = [{ license: { id: "Apache-2.0" } }];

/**
 * The bill of materials of both programs.
 * @param now What it says it was made at, in seconds since the epoch; nothing when undefined.
 */
export async function makeSbom(now?: number) {
  const programs = await Promise.all([
    describeProgram("teleworker", "client.ts"),
    describeProgram("teleworkerd", "server.ts"),
  ]);
  const packages = new Map(programs.flatMap(({ packages }) => packages.map((entry) => [entry.id, entry])));
  const sorted = [...packages.values()].sort((a, b) => a.id < b.id ? -1 : 1);
  const deno = describeDeno();
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      ...now === undefined ? {} : { timestamp: new Date(now * 1000).toISOString() },
      component: {
        type: "application",
        "bom-ref": "release",
        name: "teleworker",
        version: VERSION,
        licenses: LICENSE,
        components: programs.map(({ component }) => component),
      },
    },
    components: [deno, ...sorted.map(describePackage)],
    dependencies: [
      { ref: "release", dependsOn: programs.map(({ component }) => component["bom-ref"]) },
      ...programs.map(({ component, imports }) => ({
        ref: component["bom-ref"],
        dependsOn: [deno["bom-ref"], ...imports.map((id) => refOf(packages, id))],
      })),
      { ref: deno["bom-ref"], dependsOn: [] },
      ...sorted.map((entry) => ({
        ref: urlOf(entry),
        dependsOn: entry.dependencies.map((id) => refOf(packages, id)),
      })),
    ],
  };
}

async function describeProgram(name: string, module: string) {
  const component = { type: "application", "bom-ref": `program:${name}`, name, version: VERSION, licenses: LICENSE };
  return { component, ...await contentsOf(module) };
}

/** The Deno that runs this is the one that builds. */
function describeDeno() {
  const version = Deno.version.deno;
  const purl = `pkg:github/denoland/deno@v${version}`;
  return { type: "platform", "bom-ref": purl, name: "deno", version, licenses: [{ license: { id: "MIT" } }], purl };
}

function describePackage(entry: Package) {
  const [name, group] = entry.name.split("/").reverse();
  return {
    type: "library",
    "bom-ref": urlOf(entry),
    ...group === undefined ? {} : { group },
    name,
    version: entry.version,
    hashes: [{ alg: "SHA-512", content: entry.sha512 }],
    licenses: [{ license: { id: entry.license } }],
    purl: urlOf(entry),
  };
}

function refOf(packages: ReadonlyMap<string, Package>, id: string): string {
  const entry = packages.get(id);
  if (!entry) throw new Error(`Cannot describe package "${id}": it is missing`);
  return urlOf(entry);
}

/** A package's URL (https://github.com/package-url/purl-spec); the `@` of a scope must be escaped in it. */
function urlOf({ name, version }: Package): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

if (import.meta.main) {
  // https://reproducible-builds.org/specs/source-date-epoch/
  const now = z.string().regex(/^\d{1,11}$/).transform(Number).optional().parse(Deno.env.get("SOURCE_DATE_EPOCH"));
  console.log(JSON.stringify(await makeSbom(now), null, 2));
}
