/** Bytes in a block: only whole ones can be freed. Larger than any file system's, and a page. */
const BLOCK = 64 * 1024;

/** The most bytes of a log's head that can be freed when so many are wanted. */
export function wholeBlocks(bytes: number): number {
  return Math.floor(bytes / BLOCK) * BLOCK;
}

/**
 * Frees the first bytes of a log on the disk while all offsets stay as they are (fallocate(2), FALLOC_FL_PUNCH_HOLE).
 * @throws {Error} where the file system cannot, such as NFS before 4.2.
 */
export async function freeHead(path: string, length: number): Promise<void> {
  const { success, stderr } = await new Deno.Command("fallocate", {
    args: ["--punch-hole", "--offset", "0", "--length", String(length), path],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot free the head of "${path}": ${new TextDecoder().decode(stderr).trim()}`);
}
