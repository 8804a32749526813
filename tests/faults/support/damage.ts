import { join } from "node:path";
import { command } from "./command.ts";
import type { Random } from "./random.ts";

/** What was done to a record. */
export interface Damage {
  readonly id: string;
  readonly file: string;
  readonly kind: string;
  /** Whether a reader may fail to see it: a character of a name, say, is another one. */
  readonly unseen: boolean;
}

/** Damages a record of a job whose folder is in `jobs`. `aside` is a folder for what stood there. */
export async function damage(jobs: string, id: string, aside: string, random: Random): Promise<Damage> {
  const files = [...Deno.readDirSync(join(jobs, id))].map(({ name }) => name).filter((name) => name.endsWith(".json"));
  const file = random.pick(files.sort());
  const kind = random.pick(Object.keys(KINDS));
  await KINDS[kind]?.(join(jobs, id, file), random, join(aside, `${id}.${file}`));
  return { id, file, kind, unseen: kind === "flipped" };
}

type Harm = (path: string, random: Random, aside: string) => Promise<void>;

const KINDS: Readonly<Record<string, Harm>> = {
  "truncated": async (path, random) => {
    // Less its newline a record would be whole.
    await Deno.truncate(path, random.between(0, (await Deno.stat(path)).size - 2));
  },
  "flipped": async (path, random) => {
    const bytes = await Deno.readFile(path);
    const at = random.between(0, bytes.length - 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.between(0, 7));
    await Deno.writeFile(path, bytes);
  },
  "zeroed": async (path) => {
    await Deno.writeFile(path, new Uint8Array((await Deno.stat(path)).size));
  },
  "a directory": async (path, _random, aside) => {
    await Deno.rename(path, aside);
    await Deno.mkdir(path);
  },
  "a symbolic link": async (path, _random, aside) => {
    await Deno.rename(path, aside);
    await Deno.symlink(aside, path);
  },
  "a FIFO": async (path, _random, aside) => {
    await Deno.rename(path, aside);
    await command("mkfifo", path);
  },
  "of a newer format": async (path) => {
    const record = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify({ ...record, format: 1_000 }));
  },
};
