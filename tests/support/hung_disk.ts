import { TemporaryFolder } from "./folder.ts";

/** A file system whose server never answers, such as that of a host that is away. */
export class HungDisk implements AsyncDisposable {
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

/** Whether one can be mounted here. */
export const canMountHungDisk = Deno.uid() === 0 && await findOut();

async function findOut(): Promise<boolean> {
  await using folder = await TemporaryFolder.create();
  await using disk = await HungDisk.mount(folder.path);
  return disk !== null;
}
