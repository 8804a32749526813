import { join } from "node:path";

/** A temporary folder that goes away with the block it is declared in. */
export class Folder implements Disposable {
  /** Where it is. */
  readonly path: string = Deno.makeTempDirSync({ prefix: "teleworker-pki-" });

  /** The path of a file in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file into it, which only its owner can read, and returns its path. */
  write(name: string, text: string): string {
    Deno.writeTextFileSync(this.file(name), text, { mode: 0o600 });
    return this.file(name);
  }

  /** The names of all files in it, sorted; not those of folders. */
  names(): string[] {
    return [...Deno.readDirSync(this.path)].filter(({ isDirectory }) => !isDirectory).map(({ name }) => name).sort();
  }

  /** Deletes it. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
