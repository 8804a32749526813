import { parseArgs } from "node:util";
import { Random } from "./random.ts";

/** One kind of fault. */
export interface Case {
  /** What holds under it. */
  readonly name: string;
  /** Why it cannot be shown on this host; null when it can. */
  readonly impossible?: string | null;
  /** Makes it happen; throws when something does not hold. Leaves nothing behind in either case. */
  readonly run: (random: Random) => Promise<void>;
}

const DEFAULT_SEED = 1;

/**
 * Registers the cases as tests, run once each; with `--minutes N` among the arguments again and again for that long, each round
 * with another seed. `--seed N` is the seed of the first round. `task` is what runs the suite.
 */
export function faultSuite(cases: readonly Case[], args: readonly string[], task = "test:faults"): void {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: "string" }, minutes: { type: "string" }, binaries: { type: "string" } },
  });
  const seed = wholeNumber("seed", values.seed ?? String(DEFAULT_SEED));
  const minutes = wholeNumber("minutes", values.minutes ?? "0");
  const end = performance.now() + minutes * 60_000;

  for (const fault of cases) {
    const why = fault.impossible ?? null;
    Deno.test({
      name: `${fault.name}${why === null ? "" : ` (not here: ${why})`}`,
      ignore: why !== null,
      fn: () => runCase(fault, seed, task),
    });
  }
  if (minutes === 0) return;
  Deno.test(`further rounds for ${minutes} minutes`, async (test) => {
    const seeds = new Random(seed).for("rounds");
    while (performance.now() < end) {
      const next = seeds.between(1, 2 ** 31);
      console.log(`Round with --seed ${next}`);
      for (const fault of cases) {
        if ((fault.impossible ?? null) === null) await test.step(fault.name, () => runCase(fault, next, task));
      }
    }
  });
}

async function runCase(fault: Case, seed: number, task: string): Promise<void> {
  try {
    await fault.run(new Random(seed).for(fault.name));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason}\nAgain with the same choices: deno task ${task} --seed ${seed}`, { cause: error });
  }
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new RangeError(`Cannot use --${name} "${text}": not a whole number`);
  }
  return number;
}
