import { join } from "node:path";
import { z } from "zod";

/** Top of the repository. */
export const ROOT: string = new URL("..", import.meta.url).pathname;

/** An npm package that ends up in a binary. */
export interface Package {
  /** As in deno.lock, such as `zod@4.6.7`. */
  readonly id: string;
  /** As it is imported, such as `@optique/core`. */
  readonly name: string;
  /** By semver.org. */
  readonly version: string;
  /** SHA-512 of its archive, in hexadecimal. */
  readonly sha512: string;
  /** Ids of the packages that it needs itself. */
  readonly dependencies: readonly string[];
  /** The SPDX identifier that it declares. */
  readonly license: string;
  /** Where its files are. */
  readonly folder: string;
}

/** What a program is made of. */
export interface Contents {
  /** Ids of the packages that our own source imports. */
  readonly imports: readonly string[];
  /** Those and all that they need, in the order of their ids. */
  readonly packages: readonly Package[];
}

const infoSchema = z.object({
  modules: z.array(z.object({ npmPackage: z.string().optional(), error: z.string().optional() })),
  npmPackages: z.record(
    z.string(),
    z.object({ name: z.string(), version: z.string(), dependencies: z.array(z.string()), localPath: z.string() }),
  ),
});

const lockSchema = z.object({
  version: z.literal("5"),
  npm: z.record(z.string(), z.object({ integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/) })),
});

const manifestSchema = z.object({ license: z.string().regex(/^[\w.+-]+$/, "is no single SPDX identifier") });

/**
 * The packages of the program that starts with a module: those that its source imports, early or late, and what these need; not those
 * of tests. Throws when a module or a package is missing, is not in deno.lock, or declares no licence.
 */
export async function contentsOf(module: string): Promise<Contents> {
  const { modules, npmPackages } = infoSchema.parse(await denoInfo(module));
  const broken = modules.find(({ error }) => error !== undefined);
  if (broken) throw new Error(`Cannot tell what "${module}" imports: ${broken.error}`);
  const imports = [...new Set(modules.flatMap(({ npmPackage }) => npmPackage ?? []))].sort();
  const ids = new Set(imports);
  // A set that grows while it is walked hands out what was added as well.
  for (const id of ids) {
    for (const dependency of npmPackages[id]?.dependencies ?? []) ids.add(dependency);
  }
  const { npm } = lockSchema.parse(JSON.parse(await Deno.readTextFile(join(ROOT, "deno.lock"))));
  const packages = [...ids].sort().map(async (id): Promise<Package> => {
    const [found, locked] = [npmPackages[id], npm[id]];
    if (!found || !locked) throw new Error(`Cannot find package "${id}": it is not locked`);
    const { name, version, dependencies, localPath: folder } = found;
    const { license } = manifestSchema.parse(JSON.parse(await Deno.readTextFile(join(folder, "package.json"))));
    const sha512 = Uint8Array.fromBase64(locked.integrity.slice("sha512-".length)).toHex();
    return { id, name, version, sha512, dependencies: dependencies.toSorted(), license, folder };
  });
  return { imports, packages: await Promise.all(packages) };
}

/** What Deno knows of a module's graph; it fetches packages that are not there yet. */
async function denoInfo(module: string): Promise<unknown> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--quiet", "--json", module],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot tell what "${module}" imports: ${decoder.decode(stderr).trim()}`);
  return JSON.parse(decoder.decode(stdout));
}
