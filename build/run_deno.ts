/** A run of Deno that did not succeed; its message is Deno's error with its causes, in one line. */
export class DenoFailure extends Error {
  override name = "DenoFailure";

  constructor(stderr: string) {
    const lines = stderr.split("\n").map((line) => /^(?:error| {4}\d+): *(.+)/.exec(line)?.[1]);
    const message = lines.filter((line) => line !== undefined && line !== "<unknown>").join(": ");
    super(message === "" ? stderr.trim() : message);
  }
}

/** Runs the Deno that is running the build, in a folder. Throws {@linkcode DenoFailure} when it fails. */
export async function runDeno(folder: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new DenoFailure(new TextDecoder().decode(stderr).trim());
}
