import { equal } from "../support/assert.ts";
import { join } from "node:path";
import { canLimit } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";

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

Deno.test({
  name: "a start that is limited on a disk that does not answer waits alone",
  ignore: !canLimit || Deno.uid() !== 0,
  async fn() {
    await using folder = await TemporaryFolder.create();
    await using daemon = await Daemon.start();
    await using disk = await HungDisk.mount(folder.path);
    if (disk === null) return;
    using alice = await Https.as(daemon, "alice");
    using bob = await Https.as(daemon, "bob");
    const limits = { readBytesPerSecond: { [join(disk.path, "file")]: 1_000_000 } };
    let [over, served] = [false, false];
    const hung = alice.send("POST", "/v1/jobs", { command: "true", args: [], limits })
      .then(({ status, body }) => body?.cancel().then(() => status))
      .finally(() => over = true);
    // It has come to the disk.
    await until("a thread of the daemon waits for the disk", () => waitsForFuse(daemon.pid));
    const others = bob.start({ command: "true" }).then(({ id }) => bob.wait(id)).finally(() => served = true);
    await until("another is served", () => served);
    equal((await others).exitCode, 0);
    equal(over, false);
    await disk[Symbol.asyncDispose]();
    equal(await hung, 422);
  },
});

function waitsForFuse(pid: number): boolean {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].some(({ name }) => {
    try {
      return /fuse|request_wait/.test(Deno.readTextFileSync(`/proc/${pid}/task/${name}/stack`));
    } catch {
      return false;
    }
  });
}
