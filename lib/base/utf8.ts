/**
 * Arguments and environment variables that are not UTF-8. Deno hands arguments on as text in which what is not has become U+FFFD, so that
 * they name another file than was meant. Whether that happened, or U+FFFD is what was given, only the bytes tell, which the kernel has
 * (proc_pid_cmdline(5)).
 * @module
 */
import { readOwnProcFile } from "./own_proc_file.ts";

const REPLACEMENT = "\ufffd";
const NOT_UTF8 = "it is not valid UTF-8";
const UNCERTAIN = `${NOT_UTF8}, or has the character U+FFFD, which Deno puts in place of what is not`;

/**
 * Finds the first argument of this process that is not UTF-8.
 * @param args as Deno gives them.
 * @returns The argument in quotes, with its bytes escaped, and why it cannot be used; `undefined` where all are UTF-8.
 */
export async function findNotUtf8Argument(args: readonly string[]): Promise<string | undefined> {
  if (!args.some((arg) => arg.includes(REPLACEMENT))) return undefined;
  // Before them are those of Deno.
  const given = (await readOwnProcFile("cmdline").then(splitAtNuls, () => [])).slice(-args.length);
  for (const [index, arg] of args.entries()) {
    const problem = problemOf(arg, given[index]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/**
 * Reads an environment variable.
 * @param shown what its user knows it as.
 * @throws {TypeError} when it is not UTF-8, naming it.
 */
export function readVariable(name: string, shown: string = name): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new TypeError(`Cannot use the variable ${shown}: ${NOT_UTF8}`, { cause: error });
  }
}

/** What is wrong with a text of Deno's; `bytes` are what it was made of, if that could be read. */
function problemOf(text: string, bytes: Uint8Array | undefined): string | undefined {
  if (!text.includes(REPLACEMENT)) return undefined;
  if (bytes === undefined || new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) !== text) {
    return `"${text}": ${UNCERTAIN}`;
  }
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return undefined;
  } catch {
    return `"${escapeBytes(bytes)}": ${NOT_UTF8}`;
  }
}

/** Bytes as a shell takes them in `$'...'`. */
function escapeBytes(bytes: Uint8Array): string {
  const escaped = Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    return /[\x20-\x7e]/.test(character)
      ? character.replace(/["'\\]/, "\\$&")
      : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return escaped.join("");
}

/** Texts as the kernel gives them, with a NUL behind each. */
function splitAtNuls(bytes: Uint8Array): Uint8Array[] {
  const texts: Uint8Array[] = [];
  for (let begin = 0; begin < bytes.length;) {
    const nul = bytes.indexOf(0, begin);
    const end = nul < 0 ? bytes.length : nul;
    texts.push(bytes.subarray(begin, end));
    begin = end + 1;
  }
  return texts;
}
