import { join } from "node:path";
import type { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { byTurns, type Figure, formatThroughput, milliseconds } from "./figure.ts";
import { run } from "./process.ts";

const SIZE = 2 ** 30;
const DD = ["if=/dev/zero", "bs=64k", `count=${SIZE / 65_536}`];

/** A job that writes 1 GiB with nobody watching, against the same program piped through cat into a file. */
export async function measureWriting(daemon: Daemon): Promise<Figure[]> {
  using https = await Https.as(daemon, "alice");
  const path = join(daemon.folder.path, "piped");
  const { ours, reference } = await byTurns(async () => {
    const start = performance.now();
    const { id } = await https.start({ command: "dd", args: DD });
    const { exitCode } = await https.wait(id);
    const took = performance.now() - start;
    if (exitCode !== 0) throw new Error(`Cannot measure writing: dd ended with ${exitCode}`);
    await (await https.send("DELETE", `/v1/jobs/${id}`)).body?.cancel();
    return took;
  }, async () => {
    const took = await milliseconds(() =>
      run("sh", ["-c", 'file=$1; shift; dd "$@" | cat >"$file"', "sh", path, ...DD])
    );
    await Deno.remove(path);
    return took;
  });
  return [{
    what: "a job writing 1 GiB to stdout, nobody watching, against `dd | cat >file`",
    ours: formatThroughput(SIZE, ours),
    reference: formatThroughput(SIZE, reference),
    ratio: reference / ours,
    target: "at least 0.8",
    held: reference / ours >= 0.8,
  }];
}
