import { join } from "node:path";
import { runFlags } from "../../build/run_flags.ts";
import { build } from "../build/build.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { byTurns, type Figure, formatMilliseconds, milliseconds } from "./figure.ts";
import { run } from "./process.ts";

/** Sizes of the binaries, their first start, and a later start against `deno run` of the same program. */
export async function measureBinaries(): Promise<Figure[]> {
  await using folder = await TemporaryFolder.create();
  const { teleworker, teleworkerd } = await build(join(folder.path, "dist"));
  const version = ["env", `XDG_CACHE_HOME=${join(folder.path, "cache")}`, teleworker, "--version"] as const;
  const first = await milliseconds(() => run(version[0], version.slice(1)));
  const kind = /\((\S+),/.exec(await run(version[0], version.slice(1)))?.[1] ?? "unknown";
  const sizes = [teleworker, teleworkerd].map((path) => `${(Deno.statSync(path).size / 2 ** 20).toFixed(1)} MiB`);
  const size = { what: `sizes of \`teleworker\` and \`teleworkerd\`, ${kind}`, ours: sizes.join(", ") };
  if (kind !== "self-contained") return [size];
  const client = await unpackedClient(join(folder.path, "cache", "teleworker"));
  const { ours, reference } = await byTurns(
    () => milliseconds(() => run(version[0], version.slice(1))),
    () =>
      milliseconds(() =>
        run(Deno.execPath(), ["run", "--quiet", "--no-config", ...runFlags("teleworker"), client, "--version"])
      ),
    21,
  );
  return [size, {
    what: "`teleworker --version`, self-contained and unpacked, against `deno run` of the same program",
    ours: formatMilliseconds(ours),
    reference: formatMilliseconds(reference),
    ratio: ours / reference,
    target: "at most 20 ms more",
    held: ours - reference <= 20,
    note: `${formatMilliseconds(ours - reference)} more; the first start of all, which unpacks: ${
      formatMilliseconds(first)
    }`,
  }];
}

async function unpackedClient(cache: string): Promise<string> {
  for await (const { name } of Deno.readDir(cache)) {
    if (name.startsWith("teleworker-")) return join(cache, name, "client.js");
  }
  throw new Error(`Cannot find the unpacked client in "${cache}"`);
}
