/**
 * Runs a program to its end.
 * @throws {Error} with what it said when it fails.
 */
export async function command(name: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(name, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(`Cannot run "${[name, ...args].join(" ")}": ${new TextDecoder().decode(stderr).trim()}`);
  }
}
