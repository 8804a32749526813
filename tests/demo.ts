/**
 * Shows Teleworker at its work in half a minute, all of it real: certificates, a daemon on loopback, clients, jobs under limits. Every
 * line with a tick has been checked; what is not as it should be ends it with 1.
 * @module
 */
import { formatDuration } from "../lib/contract/units.ts";
import { compress } from "./demo/compress.ts";
import { Follower } from "./demo/follower.ts";
import { Narrator } from "./demo/narrator.ts";
import { Stage } from "./demo/stage.ts";

/** Milliseconds after which something must be wrong. */
const PATIENCE = 300_000;

const narrator = new Narrator();
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
  let notShown: readonly string[] = [];
  try {
    await using _ = stage;
    notShown = await play(stage);
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

/** Plays it all; the limits that this host, or this user on it, cannot keep. */
async function play(stage: Stage): Promise<readonly string[]> {
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

  const notShown = await compress(stage);
  await stopStubborn(stage);
  await refuseStranger(stage);

  narrator.step("Away with it: the jobs with all they wrote, then the daemon.");
  await stage.must(["remove", "compress", "stubborn"], { quiet: true });
  const { stdout } = await stage.run(["list", "--all"]);
  narrator.check(stdout.trimEnd().split("\n").length === 1, "no job is left");
  narrator.check([...Deno.readDirSync(stage.path("state/output"))].length === 0, "no output is left");
  narrator.check(await stage.endDaemon() === 0, "the daemon ended in order");
  return notShown;
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
