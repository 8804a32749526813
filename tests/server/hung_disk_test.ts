import { equal, ok } from "../support/assert.ts";
import { join } from "node:path";
import { canLimit } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";

/** Of Deno, on which it waits for files. */
const THREADS = 32;
/** Starts of one client that may wait: four in their places, and four that were late. */
const HANGING = 8;

/** A file system whose server never answers, such as that of a host that is away. */
class HungDisk implements AsyncDisposable {
  readonly path: string;
  readonly #shell: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  private constructor(path: string) {
    this.path = path;
    const script = `exec 3<>/dev/fuse && mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 hung "$0" || exit
      echo mounted; read -r end; umount -l "$0"`;
    this.#shell = new Deno.Command("sh", {
      args: ["-c", script, path],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    })
      .spawn();
    this.#stdin = this.#shell.stdin.getWriter();
  }

  /** Mounts one on an empty folder; null where that is not allowed. */
  static async mount(path: string): Promise<HungDisk | null> {
    const disk = new HungDisk(path);
    const reader = disk.#shell.stdout.getReader();
    const { done } = await reader.read();
    await reader.cancel();
    if (!done) return disk;
    await disk[Symbol.asyncDispose]();
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.close().catch(() => {});
    await this.#shell.status;
  }
}

const canMount = canLimit && Deno.uid() === 0 && await findOut();

Deno.test({
  name:
    "starts that are limited on a disk that does not answer wait alone, however many one client sends (needs root, cgroups, FUSE)",
  ignore: !canMount,
  async fn() {
    await using folder = await TemporaryFolder.create();
    await using daemon = await Daemon.start();
    await using disk = await HungDisk.mount(folder.path);
    ok(disk);
    using alice = await Https.as(daemon, "alice");
    using bob = await Https.as(daemon, "bob");
    let [over, served] = [false, false];
    // Each of another file: the kernel asks once for one.
    const hung = Array.from({ length: 2 * THREADS }, async (_, number) => {
      const limits = { readBytesPerSecond: { [join(disk.path, `${number}`)]: 1_000_000 } };
      const { status, body } = await alice.send("POST", "/v1/jobs", { command: "true", args: [], limits });
      over = true;
      await body?.cancel();
      return status;
    });
    // Those that take long have given up their places.
    await until("as many as may have come to the disk", () => waitingForFuse(daemon.pid) === HANGING);
    const others = bob.start({ command: "true" }).then(({ id }) => bob.wait(id)).finally(() => served = true);
    await until("another is served", () => served);
    equal((await others).exitCode, 0);
    equal(over, false);
    await disk[Symbol.asyncDispose]();
    for (const status of await Promise.all(hung)) equal(status, 422);
  },
});

/** How many threads of a process wait for such a disk. */
function waitingForFuse(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].filter(({ name }) => {
    try {
      return /fuse|request_wait/.test(Deno.readTextFileSync(`/proc/${pid}/task/${name}/stack`));
    } catch {
      return false;
    }
  }).length;
}

/** Whether such a disk can be mounted here. */
async function findOut(): Promise<boolean> {
  await using folder = await TemporaryFolder.create();
  await using disk = await HungDisk.mount(folder.path);
  return disk !== null;
}
