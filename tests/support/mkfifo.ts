/**
 * Makes a FIFO (mkfifo(1)).
 * @throws {Error} when it cannot be made.
 */
export async function mkfifo(path: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("mkfifo", { args: [path] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}
