import { equal } from "../support/assert.ts";
import { canLimit } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { pause } from "./support/ask.ts";
import { Herd } from "./support/herd.ts";
import { nothingIsLeft } from "./support/left_behind.ts";
import type { Numbered } from "./support/numbered.ts";
import type { Random } from "./support/random.ts";
import { Riders } from "./support/riders.ts";
import type { Case } from "./support/suite.ts";

const KILLS = 100;
/** After so many kills the clients beside must arrive, and others set out. */
const RIDE = 25;
const JOBS = 20;

/** The daemon is killed again and again while jobs start, write, end, are stopped and removed. */
export const daemonKilled: Case = {
  name: `a daemon killed ${KILLS} times loses nothing and starts nothing twice`,
  run: async (random) => {
    const mark = crypto.randomUUID();
    await using folder = await TemporaryFolder.create();
    await using daemon = await Daemon.start();
    using https = await Https.as(daemon, "alice");
    const herd = new Herd(https, folder.path, mark);
    while (herd.running < JOBS) want(herd, random);
    await herd.sendAll();
    for (let ride = 0; ride < KILLS / RIDE; ride++) {
      await using riders = await Riders.start(daemon, https, herd, random);
      for (let kill = 0; kill < RIDE; kill++) await killOnce(daemon, herd, random);
      await herd.sendAll();
      await riders.arrive();
    }
    equal(/Unhandled/.exec(daemon.log)?.[0], undefined, daemon.log);
    for (const known of herd.told) {
      if (known.program.ending === "stays" && known.wish === "nothing") ask(known, "stop");
    }
    await herd.sendAll();
    await herd.checkAll();
    await herd.removeAll();
    await nothingIsLeft(daemon, mark);
  },
};

/** Asks for this and that, kills the daemon meanwhile, and lets it come again. */
async function killOnce(daemon: Daemon, herd: Herd, random: Random): Promise<void> {
  for (let wanted = 0; herd.running < JOBS && wanted < 4; wanted++) want(herd, random);
  const idle = random.sample(herd.told.filter(({ watched, granted }) => !watched && granted), 3);
  for (const known of idle) {
    if (!known.runs) ask(known, "removal");
    else if (random.chance(0.3)) ask(known, random.pick(["stop", "removal"]));
  }
  const asking = herd.send();
  const killing = async () => {
    if (random.chance(0.3)) await asking.catch(() => {});
    await pause(random.chance(0.5) ? random.between(0, 30) : random.between(0, 300));
    await daemon.end("SIGKILL");
  };
  const [asked, killed] = await Promise.allSettled([asking, killing()]);
  for (const result of [asked, killed]) if (result.status === "rejected") throw result.reason;
  // Long enough for jobs to end while nobody is there.
  if (random.chance(0.15)) await pause(random.between(100, 600));
  await daemon.run();
}

function ask(known: ReturnType<Herd["want"]>, wish: "stop" | "removal"): void {
  Object.assign(known, { wish, granted: false });
}

function want(herd: Herd, random: Random): void {
  const limits = { memoryBytes: 64 * 2 ** 20, pids: 20, cpus: 0.5 };
  herd.want(random.pick(PROGRAMS)(random), canLimit && random.chance(0.3) ? { limits } : {});
}

/** The kinds of programs: they end soon, or write thousands of lines, or stay. */
const PROGRAMS: readonly ((random: Random) => Omit<Numbered, "marker">)[] = [
  (random) => ({ lines: random.between(0, 50), burst: 10, nap: 0.05, width: 20, ending: ending(random) }),
  (random) => ({ lines: random.between(100, 500), burst: 20, nap: 0.05, width: 100, ending: ending(random) }),
  (random) => ({ lines: random.between(1000, 4000), burst: 20, nap: 0.1, width: 50, ending: ending(random) }),
  () => ({ lines: 5000, burst: 10, nap: 0.1, width: 32, ending: "stays" }),
];

function ending(random: Random): Numbered["ending"] {
  if (random.chance(0.5)) return { code: random.pick([0, 1, 3, 77, 126, 127, 137, 255]) };
  return { signal: random.pick(["SIGSEGV", "SIGABRT", "SIGKILL", "SIGUSR1", "SIGALRM", "SIGTERM", "SIGPIPE"]) };
}
