import { join } from "node:path";
import { TemporaryFolder } from "../../support/folder.ts";
import { command } from "./command.ts";

/** A file system of a test's own that can be filled: ext4 on a loop device, or where there is none a tmpfs. */
export class SmallDisk implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  readonly #mount: string;

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
    this.#mount = join(folder.path, "disk");
  }

  /** Makes one with that many MiB. */
  static async mount(mebibytes: number): Promise<SmallDisk> {
    const disk = new SmallDisk(await TemporaryFolder.create());
    try {
      await Deno.mkdir(disk.#mount);
      const image = join(disk.#folder.path, "image");
      await command("truncate", "--size", `${mebibytes}M`, image);
      // Without blocks kept for root, who would never see it full.
      await command("mkfs.ext4", "-q", "-m", "0", image);
      await command("mount", "-o", "loop", image, disk.#mount)
        .catch(() => command("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", disk.#mount));
      return disk;
    } catch (error) {
      await disk[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A folder on it. */
  get path(): string {
    return join(this.#mount, "files");
  }

  /** Takes all space that is left. */
  async fill(): Promise<void> {
    // It fails for want of space, having written what it could.
    await command("dd", "if=/dev/zero", `of=${this.#ballast}`, "bs=4k").catch(() => {});
    await command("sync", "--file-system", this.#mount).catch(() => {});
    await command("dd", "if=/dev/zero", `of=${this.#ballast}`, "bs=4k", "oflag=append", "conv=notrunc").catch(() => {});
  }

  /** Gives the space back. */
  async free(): Promise<void> {
    await Deno.remove(this.#ballast);
  }

  get #ballast(): string {
    return join(this.#mount, "ballast");
  }

  /** Unmounts and removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Lazily: a runner that tidies up may still be there.
    await command("umount", "--lazy", this.#mount).catch(() => {});
    await this.#folder[Symbol.asyncDispose]();
  }
}
