import { join } from "node:path";
import type { Bundle } from "./bundle.ts";
import launcherTemplate from "./launcher.sh" with { type: "text" };
import { type ProgramName, runFlags } from "./run_flags.ts";

/** Where the parts begin in the file: the launcher before them is filled up with empty lines, so that it need not count itself. */
const LAUNCHER_BYTES = 16_384;

/** A file that the launcher unpacks. */
interface Part {
  readonly packed: Uint8Array<ArrayBuffer>;
  /** Bytes once it is unpacked. */
  readonly size: number;
  /** SHA-256 of these, in hexadecimal. */
  readonly hash: string;
}

/** The Deno that is running the build, packed once for both programs. */
export async function packRuntime(): Promise<Part> {
  return await pack(await Deno.readFile(Deno.execPath()));
}

/**
 * Makes a bundled program into one executable file that needs no Deno: a shell script with the runtime and the program behind it. The
 * same bundle and the same Deno give the same bytes.
 */
export async function selfContain(
  { folder, main, modules }: Bundle,
  name: ProgramName,
  runtime: Part,
  output: string,
): Promise<void> {
  const packed = await Promise.all(modules.map(async (name) => await pack(await Deno.readFile(join(folder, name)))));
  const program = `${name}-${await sha256(
    new TextEncoder().encode([runtime, ...packed].map(({ hash }) => hash).join()),
  )}`;
  const runtimeName = `runtime-${runtime.hash}`;
  const parts = [
    { name: "$runtime", mode: 500, part: runtime },
    ...packed.map((part, index) => ({ name: `$program/${modules[index]}`, mode: 400, part })),
  ];
  const launcher = fill(launcherTemplate, {
    name,
    flags: runFlags(name).join(" "),
    runtime: runtimeName,
    program,
    main,
    names: [...parts.map(({ name }) => name), `$program/${name}`].join(" "),
    expected: [
      ...parts.map(({ mode, part }) => `regular file $user ${mode} ${part.size}`),
      `symbolic link $user 777 ${`../${runtimeName}`.length}`,
    ].join("\n"),
    unpack: unpackLines(parts).join("\n  "),
  });
  if (launcher.length > LAUNCHER_BYTES) {
    throw new RangeError(`Cannot place the launcher: it has ${launcher.length} bytes`);
  }
  const start = new TextEncoder().encode(launcher.padEnd(LAUNCHER_BYTES, "\n"));
  await Deno.writeFile(output, ReadableStream.from([start, ...parts.map(({ part }) => part.packed)]), { mode: 0o755 });
}

/** Calls of the launcher's `unpack`; tail(1) counts bytes from 1. */
function unpackLines(
  parts: readonly { readonly name: string; readonly mode: number; readonly part: Part }[],
): string[] {
  let offset = LAUNCHER_BYTES + 1;
  return parts.map(({ name, mode, part }) => {
    const line = `unpack ${offset} ${part.packed.length} ${part.hash} ${mode} ${part.size} ${name}`;
    offset += part.packed.length;
    return line;
  });
}

/** Packs by gzip, which every host has a program for; the platform's writes no time and no name into it (RFC 1952, 2.3). */
async function pack(bytes: Uint8Array<ArrayBuffer>): Promise<Part> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return { packed: await new Response(packed).bytes(), size: bytes.length, hash: await sha256(bytes) };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/@([a-z_]+)@/g, (_, name) => {
    const value = values[name];
    if (value === undefined) throw new RangeError(`Cannot fill "@${name}@": no such value`);
    return value;
  });
}
