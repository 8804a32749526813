import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Found } from "../../lib/cgroup/found.ts";
import type { Hierarchy } from "../../lib/cgroup/hierarchy.ts";
import { type Cgroup, type Cgroups, detectCgroups, type Limits, type Mode } from "../../lib/cgroup/mod.ts";

/** What was found on a host where nothing was refused. */
export function found(mode: Mode, hierarchies: readonly Hierarchy[], reason: string | null = null): Found {
  return { mode, hierarchies, reason, refused: new Map() };
}

/** A root of its own for each test, gone with all of its groups at the end. */
export class TestRoot implements AsyncDisposable {
  readonly name = `teleworker-test-${crypto.randomUUID().slice(0, 8)}`;
  readonly cgroups: Cgroups = detectCgroups({ name: this.name });
  readonly #directories: string[];

  constructor() {
    this.#directories = this.cgroups.reason === null ? rootDirectories(this.cgroups) : [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.cgroups.list()) {
      const group = this.cgroups.open(name);
      await group.kill();
      await group.remove();
    }
    for (const directory of this.#directories) Deno.removeSync(directory);
  }
}

function rootDirectories(cgroups: Cgroups): string[] {
  const { directories } = cgroups.create(crypto.randomUUID(), {});
  for (const directory of directories) Deno.removeSync(directory);
  return directories.map((directory) => dirname(directory));
}

/** What a test with real groups needs besides a host that has some. */
export interface Needs {
  /** Limits that the host must be able to enforce. */
  readonly limits?: Limits;
  readonly mode?: Mode;
  /** Whether a part of this project is run by a user without rights, who must then be able to read it. */
  readonly nobody?: boolean;
}

/** Registers a test with real groups; where the host has not what it needs, it is skipped, and its name says why. */
export async function cgroupTest(
  name: string,
  needs: Needs,
  fn: (root: TestRoot) => void | Promise<void>,
): Promise<void> {
  await using root = new TestRoot();
  const why = whyNot(root.cgroups, needs);
  Deno.test({
    name: why === undefined ? name : `${name} (skipped: ${why})`,
    ignore: why !== undefined,
    async fn() {
      await using root = new TestRoot();
      await fn(root);
    },
  });
}

function whyNot(cgroups: Cgroups, { limits = {}, mode, nobody = false }: Needs): string | undefined {
  if (cgroups.reason !== null) return cgroups.reason;
  if (mode !== undefined && cgroups.mode !== mode) return `mode is "${cgroups.mode}", not "${mode}"`;
  if (nobody && !nobodyCanRead()) return "Not to be read by others";
  return cgroups.unenforceable(limits)[0];
}

/** How a program that ran in a group ended. */
export interface Ended extends Deno.CommandStatus {
  readonly stdout: string;
}

/** A program in a group. */
export interface Program {
  readonly pid: number;
  readonly ended: Promise<Ended>;
}

/** Starts a program in a group: entered by a shell, which then becomes the program. */
export function start({ directories }: Pick<Cgroup, "directories">, ...command: string[]): Program {
  const enter = `for directory do [ "$directory" = -- ] && break; echo 0 >"$directory/cgroup.procs" || exit; shift; done
    shift; exec "$@"`;
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", enter, "sh", ...directories, "--", ...command],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const ended = async () => {
    const [stdout, status] = await Promise.all([new Response(child.stdout).text(), child.status]);
    return { ...status, stdout };
  };
  return { pid: child.pid, ended: ended() };
}

/** Waits until a condition holds; it fails after a minute, which is long for the slowest guest. */
export async function waitFor(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Makes files like a kernel's in a temporary directory, calls `fn` with that, and removes it. */
export function withFiles(files: Readonly<Record<string, string>>, fn: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    for (const [name, text] of Object.entries(files)) {
      const file = `${directory}/${name}`;
      Deno.mkdirSync(dirname(file), { recursive: true });
      Deno.writeTextFileSync(file, text);
    }
    fn(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** What `detect_main.ts` tells: what a process finds from where it sits. */
export interface FoundElsewhere {
  readonly mode: string;
  readonly controllers: readonly string[];
  readonly reason: string | null;
  /** The directories of a group that it made and removed. */
  readonly directories: readonly string[];
  /** Its own `/proc/self/cgroup` after that. */
  readonly memberships: string;
}

/** User and group without rights. */
const NOBODY = 65534;

const MAIN = fileURLToPath(new URL("detect_main.ts", import.meta.url));

function nobodyCanRead(): boolean {
  return new Deno.Command("test", { args: ["-r", MAIN], uid: NOBODY, gid: NOBODY }).outputSync().success;
}

/** Runs `detect_main.ts` in a cgroup, or where we are, as ourselves or as a user without rights. */
export async function detectElsewhere(
  name: string,
  { group, asNobody = false }: { group?: string; asNobody?: boolean },
): Promise<FoundElsewhere> {
  const cache = await Deno.makeTempDir();
  try {
    await Deno.chown(cache, asNobody ? NOBODY : null, null);
    const user = asNobody ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : [];
    const deno = [Deno.execPath(), "run", "-A", "--no-config", "--no-check", MAIN, name];
    const command = ["env", `DENO_DIR=${cache}`, ...user, ...deno];
    const { stdout } = await start({ directories: group === undefined ? [] : [group] }, ...command).ended;
    return JSON.parse(stdout);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}
