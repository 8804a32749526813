const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Where the last `lines` lines of a log begin, in bytes. A last line without its newline counts as a line. Reads backwards, a block
 * at a time, only as far as it must, and not before `firstOffset`: the whole of a log that has no newlines.
 * @throws the reason of `signal` once that is aborted.
 */
export async function tailOffset(
  path: string,
  lines: number,
  firstOffset = 0,
  signal?: AbortSignal,
): Promise<number> {
  using file = await Deno.open(path);
  const size = (await file.stat()).size;
  if (lines === 0) return size;
  let newlines = 0;
  for (let end = size; end > firstOffset;) {
    signal?.throwIfAborted();
    const start = Math.max(firstOffset, end - BLOCK);
    const block = await readBlock(file, start, end - start);
    for (let index = block.length - 1; index >= 0; index--) {
      // The newline that ends the log begins no further line.
      if (block[index] !== NEWLINE || start + index === size - 1) continue;
      if (++newlines === lines) return start + index + 1;
    }
    end = start;
  }
  return firstOffset;
}

async function readBlock(file: Deno.FsFile, start: number, length: number): Promise<Uint8Array> {
  await file.seek(start, Deno.SeekMode.Start);
  const block = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(block.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return block.subarray(0, filled);
}
