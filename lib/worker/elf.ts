/** What the head of a program in ELF says of the host that it is made for (elf(5)). */
export interface Elf {
  /** Name of its architecture. */
  readonly architecture: string;
  /** Path of its dynamic loader; null when it has none, or when that stands further back in the file. */
  readonly loader: string | null;
}

/** Numbers of architectures (elf.h), by the names that uname(1) has for them. */
const ARCHITECTURES: Readonly<Record<number, string>> = {
  3: "i386",
  8: "mips",
  20: "ppc",
  21: "ppc64",
  22: "s390x",
  40: "arm",
  43: "sparc64",
  62: "x86_64",
  183: "aarch64",
  243: "riscv64",
  258: "loongarch64",
};

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const PT_INTERP = 3;

/** Reads the head of a file; null for one that is not in ELF. */
export function parseElf(bytes: Uint8Array<ArrayBuffer>): Elf | null {
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) return null;
  try {
    const [wide, little] = [bytes[4] === 2, bytes[5] === 1];
    const machine = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint16(18, little);
    return { architecture: ARCHITECTURES[machine] ?? `number ${machine}`, loader: findLoader(bytes, wide, little) };
  } catch (error) {
    // It has been cut off.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** @throws {RangeError} when the file ends before. */
function findLoader(bytes: Uint8Array<ArrayBuffer>, wide: boolean, little: boolean): string | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const number = (at: number) => wide ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
  const [start, sizes] = wide ? [number(32), 54] : [number(28), 42];
  const [size, count] = [view.getUint16(sizes, little), view.getUint16(sizes + 2, little)];
  for (let index = 0; index < count; index++) {
    const header = start + index * size;
    if (view.getUint32(header, little) !== PT_INTERP) continue;
    const [offset, length] = wide
      ? [number(header + 8), number(header + 32)]
      : [number(header + 4), number(header + 16)];
    if (offset + length > bytes.length) return null;
    return new TextDecoder().decode(bytes.subarray(offset, offset + length)).replace(/\0.*$/s, "");
  }
  return null;
}
