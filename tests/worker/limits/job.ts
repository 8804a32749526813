import { canMountHungDisk } from "../../support/hung_disk.ts";
import { mkfifo } from "../../support/mkfifo.ts";
import { type Cgroup, type Cgroups, detectCgroups, type Limits } from "../../../lib/cgroup/mod.ts";
import { splitDevice } from "../../../lib/cgroup/disks.ts";
import type { Job } from "../../../lib/worker/mod.ts";
import { TestWorker } from "../worker.ts";

export const MIB = 2 ** 20;

/** What a test of limits needs. */
export interface Needs {
  /** Limits that the host must be able to enforce. */
  readonly limits?: Limits;
  /** The version of cgroups that it is about. */
  readonly version?: 1 | 2;
  /** A folder on a disk that takes IO past the page cache. */
  readonly disk?: boolean;
  /** A disk that does not answer. */
  readonly hungDisk?: boolean;
}

/** What a test of limits gets. */
export interface Given {
  readonly test: TestWorker;
  readonly cgroups: Cgroups;
  /** A folder on a disk, removed at the end; the worker's if no disk was asked for. */
  readonly folder: string;
}

/** Registers a test with jobs in real groups; where the host has not what it needs it is skipped, and its name says why. */
export async function limitTest(name: string, needs: Needs, fn: (given: Given) => Promise<void>): Promise<void> {
  const why = await whyNot(needs);
  Deno.test({
    name: why === undefined ? name : `${name} (skipped: ${why})`,
    ignore: why !== undefined,
    async fn() {
      await using test = await TestWorker.open();
      const cgroups = detectCgroups({ name: test.cgroupRoot });
      if (!needs.disk) return await fn({ test, cgroups, folder: test.folder });
      const folder = await Deno.makeTempDir({ dir: folderOnDisk() ?? "", prefix: "tw-" });
      try {
        await fn({ test, cgroups, folder });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

async function whyNot({ limits = {}, version, disk = false, hungDisk = false }: Needs): Promise<string | undefined> {
  await using test = await TestWorker.open();
  const cgroups = detectCgroups({ name: test.cgroupRoot });
  if (cgroups.reason !== null) return cgroups.reason;
  if (version !== undefined && (cgroups.mode === "v2" ? 2 : 1) !== version) return `mode is "${cgroups.mode}"`;
  if (hungDisk && !canMountHungDisk) return "FUSE cannot be mounted";
  if (disk && !await takesDirectIo(folderOnDisk())) return "no folder is on a disk that takes direct IO";
  return cgroups.unenforceable(limits)[0];
}

/** A folder that is neither in memory nor on an overlay, both of which have no device. */
function folderOnDisk(): string | undefined {
  return ["/mnt/disk", "/var/tmp", "/tmp", Deno.cwd()].find((folder) => {
    try {
      return splitDevice(Deno.statSync(folder).dev).major > 0;
    } catch {
      return false;
    }
  });
}

async function takesDirectIo(folder: string | undefined): Promise<boolean> {
  if (folder === undefined) return false;
  const file = await Deno.makeTempFile({ dir: folder });
  try {
    const args = ["if=/dev/zero", `of=${file}`, "bs=64K", "count=1", "oflag=direct"];
    return (await new Deno.Command("dd", { args, stderr: "null" }).output()).success;
  } finally {
    await Deno.remove(file);
  }
}

/** A variable by which all processes of a job can be found, wherever they went; not its runner's, which has it under another name. */
export class Mark {
  readonly #value = crypto.randomUUID();

  /** To be given to the job. */
  get env(): Record<string, string> {
    return { TEST_MARK: this.#value };
  }

  /** Those that run now; dead ones have no environment any more. */
  processes(): number[] {
    return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => pid > 0 && this.isOn(pid));
  }

  /** Whether a process runs that has it. */
  isOn(pid: number): boolean {
    return readProcess(pid, "environ")?.split("\0").includes(`TEST_MARK=${this.#value}`) ?? false;
  }
}

/** A file of a process; null if that has ended. */
export function readProcess(pid: number, file: string): string | null {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return null;
  }
}

/** How many of a group's directories a process is in, by its `/proc/PID/cgroup`. */
export function placesIn(memberships: string, group: Cgroup, root: string): number {
  return memberships.split("\n").filter((line) => line.endsWith(`/${root}/${group.name}`)).length;
}

/** Waits until a job has written "ready". */
export async function ready(test: TestWorker, id: string): Promise<void> {
  await test.printed(id, "ready\n");
}

/** Makes a FIFO, by which a job can be told something. */
export async function makeFifo(test: TestWorker): Promise<string> {
  const path = `${test.folder}/fifo`;
  await mkfifo(path);
  return path;
}

/** What a job used of something in each second of its own time. */
export function perSecond({ durationSeconds }: Job, amount: number | null): number {
  if (amount === null || durationSeconds === null) throw new Error("The kernel does not tell");
  return amount / durationSeconds;
}

/**
 * A shell's function that forks for ever. A shell that cannot fork ends, except within `command`, so at its limit it stays and goes on
 * trying.
 */
export const BOMB = "exec >/dev/null 2>&1; bomb() { while :; do command eval '(bomb) &'; done; }; bomb";
