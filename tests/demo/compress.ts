import { basename, dirname } from "node:path";
import { formatSize } from "../../lib/contract/units.ts";
import { type Followed, Follower } from "./follower.ts";
import type { Narrator } from "./narrator.ts";
import type { Stage } from "./stage.ts";
import { findTree, type Tree } from "./tree.ts";

/** Seconds that the job is meant to take, on a core that compresses so many bytes a second. */
const PACE = { seconds: 5, bytesPerSecond: 25 * 2 ** 20 };
const MEMORY = "64M";
const PIDS = "8";

/** The main job: started under limits, followed live by one and from the middle on by another. The limits this host cannot keep. */
export async function compress(stage: Stage): Promise<readonly string[]> {
  const { narrator } = stage;
  const tree = findTree();
  const limits = limitsFor(tree);
  const notShown = await startCompressing(stage, tree, limits);

  narrator.step("Alice follows it live: the archive comes on stdout, the names of the files on stderr.");
  const file = stage.path("compress.tgz");
  const show = ({ stdoutBytes, stderrLines, stderrLine }: Follower) =>
    narrator.progress(
      `stdout ${formatSize(stdoutBytes)}, stderr ${stderrLines} names${stderrLine && `, now ${stderrLine}`}`,
    );
  const alice = new Follower(stage.spawn(["logs", "-f", "compress"], "compress.tgz"), show, file);
  await alice.underWay;
  stage.signal.throwIfAborted();

  narrator.step("Meanwhile: how is it?");
  await stage.must(["status", "compress"]);

  narrator.step("Eve joins late, and follows the same job from its first byte on.");
  const eve = new Follower(stage.spawn(["--identity", "eve", "logs", "-f", "compress"], "late.tgz"), () => {});
  const [first, late] = await Promise.all([alice.ended, eve.ended]);
  stage.signal.throwIfAborted();
  checkSame(narrator, first, late);
  narrator.check(alice.stderrLines === tree.entries, `every one of the ${tree.entries} names came`);
  const unpacked = await unpackedSize(file);
  narrator.check(
    unpacked > tree.size,
    `the archive is whole: ${formatSize(unpacked)} out of ${formatSize(alice.stdoutBytes)}`,
  );
  await checkUsage(stage, limits);
  return notShown;
}

/** Flags and values of the limits; with that much of a core it takes a few seconds. */
function limitsFor({ size }: Tree): Map<string, string> {
  const cpus = Math.min(1, Math.max(0.02, size / PACE.bytesPerSecond / PACE.seconds)).toFixed(2);
  return new Map([["--cpus", cpus], ["--memory", MEMORY], ["--pids", PIDS]]);
}

/** Starts the job under its limits, or those of them that this host can keep; takes the others away, and returns them. */
async function startCompressing(stage: Stage, tree: Tree, limits: Map<string, string>): Promise<string[]> {
  const { narrator } = stage;
  const { path, size, entries } = tree;
  narrator.step(`Alice compresses ${path}: ${formatSize(size)} in ${entries} files, under limits.`);
  const start = () => {
    const flags = [...limits].flat();
    return ["start", "--name", "compress", ...flags, "--", "tar", "-czvf", "-", "-C", dirname(path), basename(path)];
  };
  const { code, stderr } = await stage.run(start());
  if (code === 0) return [];
  if (!stderr.includes("Cannot limit ")) throw new Error(`Cannot start the job: ${stderr}`);
  narrator.say("This host, or this user on it, cannot keep all of the limits. One by one:");
  const notShown: string[] = [];
  for (const [flag, value] of limits) {
    const { code } = await stage.run(["run", flag, value, "--", "true"], { quiet: true });
    narrator.say(code === 0 ? `${flag} it keeps` : `NOT SHOWN HERE: ${flag}`);
    if (code !== 0) notShown.push(flag);
  }
  for (const flag of notShown) limits.delete(flag);
  narrator.say(`So without ${notShown.join(", ")}; it may be over in a moment.`);
  await stage.must(start());
  return notShown;
}

function checkSame(narrator: Narrator, first: Followed, late: Followed): void {
  narrator.check(first.code === 0 && late.code === 0, "both clients ended as the job did, with 0");
  narrator.say(`stdout  SHA-256 ${first.stdoutDigest}`);
  narrator.say(`stderr  SHA-256 ${first.stderrDigest}`);
  const same = first.stdoutDigest === late.stdoutDigest && first.stderrDigest === late.stderrDigest;
  narrator.check(same, "both got the same bytes");
}

async function unpackedSize(path: string): Promise<number> {
  using file = await Deno.open(path);
  let size = 0;
  for await (const bytes of file.readable.pipeThrough(new DecompressionStream("gzip"))) size += bytes.length;
  return size;
}

async function checkUsage(stage: Stage, limited: ReadonlyMap<string, string>): Promise<void> {
  const { narrator } = stage;
  narrator.step("What did it use, against its limits?");
  await stage.must(["status", "compress"]);
  const { limits, usage, durationSeconds, state } = await stage.job("compress");
  narrator.check(state === "exited", "it exited by itself");
  if (limited.has("--cpus")) {
    const used = usage.cpuSeconds ?? Infinity;
    const lasted = durationSeconds ?? 0;
    const allowed = Number(limits["cpus"]);
    // The kernel deals CPU time out in slices, and counts them afterwards.
    const text = `it had ${used.toFixed(2)}s of CPU time in ${lasted.toFixed(1)}s, with ${allowed} of a core allowed`;
    narrator.check(used <= allowed * lasted * 1.3 + 0.1, text);
    narrator.check((usage.cpuThrottledSeconds ?? 0) > 0, "it was made to wait for that");
  }
  if (limited.has("--memory")) {
    const peak = usage.memoryPeakBytes ?? Infinity;
    narrator.check(peak <= Number(limits["memoryBytes"]), `it never had more than ${formatSize(peak)} of ${MEMORY}`);
  }
  if (limited.has("--pids")) {
    const most = usage.processesPeak ?? Infinity;
    narrator.check(most <= Number(limits["pids"]), `it never had more than ${most} of ${PIDS} processes`);
  }
}
