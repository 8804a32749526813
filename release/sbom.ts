/**
 * `deno task sbom`: prints what the binaries are made of, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/): per program the
 * packages in deno.lock that it imports and all that these need, and Deno. The same sources give the same bytes.
 * @module
 */
import { z } from "zod";
import { VERSION } from "../lib/about/version.ts";
import { contentsOf, type Package } from "./packages.ts";

/** A program, package or runtime. */
export interface Component {
  /** Its role. */
  readonly type: "application" | "library" | "platform";
  /** What {@linkcode Dependency} means it by. */
  readonly "bom-ref": string;
  /** The scope of a package, such as `@optique`. */
  readonly group?: string;
  /** Without the scope. */
  readonly name: string;
  /** By semver.org. */
  readonly version: string;
  /** Of a package's archive, in hexadecimal. */
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
  /** By their SPDX identifiers. */
  readonly licenses: readonly { readonly license: { readonly id: string } }[];
  /** Where it comes from (https://github.com/package-url/purl-spec). */
  readonly purl?: string;
  /** Its parts. */
  readonly components?: readonly Component[];
}

/** What a component needs directly. */
export interface Dependency {
  /** The component. */
  readonly ref: string;
  /** What it needs. */
  readonly dependsOn: readonly string[];
}

/** A bill of materials. */
export interface Sbom {
  /** Of this format. */
  readonly bomFormat: "CycloneDX";
  /** In this version. */
  readonly specVersion: "1.6";
  /** Of the bill itself: it is never corrected. */
  readonly version: 1;
  /** When it was made, if that is to be said, and of what. */
  readonly metadata: { readonly timestamp?: string; readonly component: Component };
  /** What is in any of the programs. */
  readonly components: readonly Component[];
  /** Who needs whom. */
  readonly dependencies: readonly Dependency[];
}

/**
 * The bill of materials of both programs.
 * @param now What it says it was made at, in seconds since the epoch; nothing when undefined.
 */
export async function makeSbom(now?: number): Promise<Sbom> {
  const contents = { teleworker: await contentsOf("client.ts"), teleworkerd: await contentsOf("server.ts") };
  const packages = new Map(Object.values(contents).flatMap(({ packages }) => packages.map((one) => [one.id, one])));
  const sorted = [...packages.keys()].sort().map((id) => packageOf(packages, id));
  const refsOf = (ids: readonly string[]) => ids.map((id) => urlOf(packageOf(packages, id)));
  const root = describeProgram("release", "teleworker");
  const programs = Object.keys(contents).map((name) => describeProgram(`program:${name}`, name));
  const deno = describeDeno();
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      ...now === undefined ? {} : { timestamp: new Date(now * 1000).toISOString() },
      component: { ...root, components: programs },
    },
    components: [deno, ...sorted.map(describePackage)],
    dependencies: [
      { ref: root["bom-ref"], dependsOn: programs.map((program) => program["bom-ref"]) },
      ...Object.entries(contents).map(([name, { imports }]) => ({
        ref: `program:${name}`,
        dependsOn: [deno["bom-ref"], ...refsOf(imports)],
      })),
      { ref: deno["bom-ref"], dependsOn: [] },
      ...sorted.map((one) => ({ ref: urlOf(one), dependsOn: refsOf(one.dependencies) })),
    ],
  };
}

function describeProgram(ref: string, name: string): Component {
  return { type: "application", "bom-ref": ref, name, version: VERSION, licenses: licensed("Apache-2.0") };
}

/** The Deno that runs this is the one that builds. */
function describeDeno(): Component {
  const version = Deno.version.deno;
  const purl = `pkg:github/denoland/deno@v${version}`;
  return { type: "platform", "bom-ref": purl, name: "deno", version, licenses: licensed("MIT"), purl };
}

function describePackage(one: Package): Component {
  const [name = "", group] = one.name.split("/").reverse();
  return {
    type: "library",
    "bom-ref": urlOf(one),
    ...group === undefined ? {} : { group },
    name,
    version: one.version,
    hashes: [{ alg: "SHA-512", content: one.sha512 }],
    licenses: licensed(one.license),
    purl: urlOf(one),
  };
}

function licensed(id: string): Component["licenses"] {
  return [{ license: { id } }];
}

function packageOf(packages: ReadonlyMap<string, Package>, id: string): Package {
  const found = packages.get(id);
  if (!found) throw new Error(`Cannot describe package "${id}": it is missing`);
  return found;
}

/** A package's URL; the `@` of a scope must be escaped in it. */
function urlOf({ name, version }: Package): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

if (import.meta.main) {
  // https://reproducible-builds.org/specs/source-date-epoch/
  const now = z.string().regex(/^\d{1,11}$/).transform(Number).optional().parse(Deno.env.get("SOURCE_DATE_EPOCH"));
  console.log(JSON.stringify(await makeSbom(now), null, 2));
}
