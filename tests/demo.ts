/**
 * Shows Teleworker at its work in half a minute, all of it real: certificates, a daemon on loopback, clients, jobs under limits. Every
 * line with a tick has been checked; what is not as it should be ends it with 1.
 * @module
 */
import { basename, dirname } from "node:path";
import { formatDuration, formatSize } from "../lib/client/units.ts";
import { type Followed, Follower } from "./demo/follower.ts";
import { Narrator } from "./demo/narrator.ts";
import { Stage } from "./demo/stage.ts";
import { findTree, type Tree } from "./demo/tree.ts";

/** Seconds that the job is meant to take, on a core that compresses so many bytes a second. */
const PACE = { seconds: 5, bytesPerSecond: 25 * 2 ** 20 };
/** Milliseconds after which something must be wrong. */
const PATIENCE = 120_000;
const MEMORY = "64M";
const PIDS = "8";

/** Limits that this host, or this user on it, cannot keep. */
const notShown: string[] = [];
const narrator: Narrator = new Narrator();
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => interrupted.abort(new Error("Interrupted")));
}
Deno.exit(await main());

async function main(): Promise<number> {
  const begun = performance.now();
  narrator.say("Teleworker runs programs on another host, limits them, watches them and stops them there.");
  narrator.say("For once both hosts are this one. Nothing of it stays.");
  const stage = await Stage.open(narrator, AbortSignal.any([interrupted.signal, AbortSignal.timeout(PATIENCE)]));
  try {
    await using _ = stage;
    await play(stage);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return 141;
    if (!interrupted.signal.aborted) narrator.say(`What the daemon said last:\n${stage.daemonLog.slice(-2000)}`);
    narrator.end(`✗ ${error instanceof Error ? error.message : error}`, false);
    return interrupted.signal.aborted ? 130 : 1;
  }
  if (stage.leftovers.length > 0) {
    narrator.end(`✗ Left behind: ${stage.leftovers.join(", ")}`, false);
    return 1;
  }
  const duration = formatDuration((performance.now() - begun) / 1000);
  const missing = notShown.length === 0 ? "" : ` Not shown, because this host cannot: ${notShown.join(", ")}.`;
  narrator.end(`Everything was as it should be, in ${duration}.${missing}`, true);
  return 0;
}

async function play(stage: Stage): Promise<void> {
  narrator.step("An authority, and by it certificates: for the server, for alice, and for eve, who may only look.");
  await stage.must(["certs", "init"], { quiet: true });
  await stage.must(["certs", "server", "localhost", "127.0.0.1"], { quiet: true });
  await stage.must(["certs", "client", "alice"], { quiet: true });
  await stage.must(["certs", "client", "eve", "--role", "user"], { quiet: true });
  const { mode } = await Deno.stat(stage.path("certs/client-alice-key.pem"));
  narrator.check(((mode ?? 0) & 0o777) === 0o600, "only their owner can read the private keys");

  narrator.step("The daemon, and where alice's commands find it.");
  const address = await stage.startDaemon();
  narrator.command(`export TELEWORKER_HOST=${address} TELEWORKER_CERTS=certs TELEWORKER_IDENTITY=alice`);

  await compress(stage);
  await stopStubborn(stage);
  await refuseStranger(stage);

  narrator.step("Away with it: the jobs with all they wrote, then the daemon.");
  await stage.must(["remove", "compress", "stubborn"], { quiet: true });
  const { stdout } = await stage.run(["list", "--all"]);
  narrator.check(stdout.trimEnd().split("\n").length === 1, "no job is left");
  narrator.check([...Deno.readDirSync(stage.path("state/output"))].length === 0, "no output is left");
  narrator.check(await stage.endDaemon() === 0, "the daemon ended in order");
}

async function compress(stage: Stage): Promise<void> {
  const tree = findTree();
  const limited = await startCompressing(stage, tree);

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
  checkSame(first, late);
  narrator.check(alice.stderrLines === tree.entries, `every one of the ${tree.entries} names came`);
  const unpacked = await unpackedSize(file);
  narrator.check(
    unpacked > tree.size,
    `the archive is whole: ${formatSize(unpacked)} out of ${formatSize(alice.stdoutBytes)}`,
  );
  await checkUsage(stage, limited);
}

/** Starts the main job under as many of its limits as this host can keep; which those are. */
async function startCompressing(stage: Stage, { path, size, entries }: Tree): Promise<ReadonlySet<string>> {
  const cpus = Math.min(1, Math.max(0.02, size / PACE.bytesPerSecond / PACE.seconds)).toFixed(2);
  const limits = new Map([["--cpus", cpus], ["--memory", MEMORY], ["--pids", PIDS]]);
  const program = ["--", "tar", "-czvf", "-", "-C", dirname(path), basename(path)];
  narrator.step(
    `Alice compresses ${path}, ${
      formatSize(size)
    } in ${entries} files, with at most ${cpus} of a core, ${MEMORY} of memory and ${PIDS} processes.`,
  );
  const start = ["start", "--name", "compress"];
  const { code, stderr } = await stage.run([...start, ...[...limits].flat(), ...program]);
  if (code === 0) return new Set(limits.keys());
  if (!stderr.includes("Cannot limit the job")) throw new Error(`Cannot start the job: ${stderr}`);
  narrator.say("This host, or this user on it, cannot keep all of the limits. One by one:");
  for (const [flag, value] of limits) {
    const { code } = await stage.run(["run", flag, value, "--", "true"], { quiet: true });
    narrator.say(code === 0 ? `${flag} it keeps` : `NOT SHOWN HERE: ${flag}`);
    if (code === 0) continue;
    limits.delete(flag);
    notShown.push(flag);
  }
  narrator.say(`So without ${notShown.join(", ")}; it may be over in a moment.`);
  await stage.must([...start, ...[...limits].flat(), ...program]);
  return new Set(limits.keys());
}

function checkSame(first: Followed, late: Followed): void {
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

async function checkUsage(stage: Stage, limited: ReadonlySet<string>): Promise<void> {
  narrator.step("What did it use, against its limits?");
  await stage.must(["status", "compress"]);
  const { limits, usage, durationSeconds, state } = await stage.job("compress");
  narrator.check(state === "exited", "it exited by itself");
  if (limited.has("--cpus")) {
    const used = usage.cpuSeconds ?? Infinity;
    const lasted = durationSeconds ?? 0;
    const allowed = limits["cpus"] ?? 0;
    // The kernel deals CPU time out in slices, and counts them afterwards.
    const text = `it had ${used.toFixed(2)}s of CPU time in ${lasted.toFixed(1)}s, with ${allowed} of a core allowed`;
    narrator.check(used <= allowed * lasted * 1.3 + 0.1, text);
    narrator.check((usage.cpuThrottledSeconds ?? 0) > 0, "it was made to wait for that");
  }
  if (limited.has("--memory")) {
    const peak = usage.memoryPeakBytes ?? Infinity;
    narrator.check(peak <= (limits["memoryBytes"] ?? 0), `it never had more than ${formatSize(peak)} of ${MEMORY}`);
  }
  if (limited.has("--pids")) {
    const most = usage.processesPeak ?? Infinity;
    narrator.check(most <= (limits["pids"] ?? 0), `it never had more than ${most} of ${PIDS} processes`);
  }
}

async function stopStubborn(stage: Stage): Promise<void> {
  narrator.step("A second job, which ignores SIGTERM. Alice follows it.");
  const program = 'trap "" TERM; echo "I take no SIGTERM" >&2; while :; do sleep 0.1; echo .; done';
  await stage.must(["start", "--name", "stubborn", "--", "sh", "-c", program], { quiet: true });
  const follower = new Follower(stage.spawn(["logs", "-f", "stubborn"]), () => {});
  await follower.underWay;
  stage.signal.throwIfAborted();
  narrator.say(follower.stderrLine);

  narrator.step("Eve may look at it, but not stop it.");
  const { code, stderr } = await stage.run(["--identity", "eve", "stop", "stubborn"]);
  narrator.check(code === 1 && stderr.includes('the role "user" may not'), "she was refused");
  narrator.check((await stage.job("stubborn")).state === "running", "it still runs");

  narrator.step("Alice may. It gets a second to end, then it is killed with all its processes.");
  await stage.must(["stop", "--grace", "1s", "stubborn"]);
  const { state, signal } = await stage.job("stubborn");
  narrator.check(state === "stopped" && signal === "SIGKILL", "it was killed");
  narrator.check((await follower.ended).code === 137, "her client, which followed it, ended with 137, as of SIGKILL");
}

async function refuseStranger(stage: Stage): Promise<void> {
  narrator.step("A stranger, who calls herself alice, but by an authority of her own.");
  await stage.must(["--certs", "strange", "certs", "init"], { quiet: true });
  await stage.must(["--certs", "strange", "certs", "client", "alice"], { quiet: true });
  narrator.command("cp certs/ca.pem strange/ca.pem   # so that she trusts the server");
  await Deno.copyFile(stage.path("certs/ca.pem"), stage.path("strange/ca.pem"));
  for (const args of [["list", "--all"], ["logs", "compress"], ["run", "--", "id"]]) {
    const { code, stdout } = await stage.run(["--certs", "strange", ...args]);
    narrator.check(code !== 0 && stdout === "", "she got nothing");
  }
}
