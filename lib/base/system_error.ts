import { getSystemErrorMap } from "node:util";

/** Words of libuv, but where they say less than the kernel's. */
const WORDS: ReadonlyMap<string, string> = new Map<string, string>([
  ...[...getSystemErrorMap().values()].map(([code, words]) => [code, words] as const),
  ["EISDIR", "it is a directory"],
  ["EEXIST", "it exists"],
  ["EDQUOT", "disk quota exceeded"],
]);

/** What the calls do whose names Deno and node:fs give. */
const VERBS: Readonly<Record<string, string>> = {
  access: "use",
  chmod: "change the mode of",
  chown: "change the owner of",
  lstat: "look at",
  mkdir: "make",
  mkdtemp: "make a directory in",
  readdir: "read",
  readfile: "read",
  rm: "remove",
  rmdir: "remove",
  scandir: "read",
  stat: "look at",
  unlink: "remove",
  utime: "change the times of",
  writefile: "write",
};

/** An error as Deno words it: `Permission denied (os error 13): mkdir '/srv'`, the call and its path only where there is one. */
const DENO = /([A-Z][^:"]*?) \(os error \d+\)(?:: (\w+) '([^]*?)'(?: -> '[^]*')?$)?/;
/** An error as node:fs and node:net word it: `EACCES: permission denied, mkdir '/srv'`, `listen EINVAL: invalid argument ::1:80`. */
const NODE = /^(?:\w+ )?E[A-Z0-9]+: [^,]*(?:, (\w+) '([^]*?)'(?: -> '[^]*')?$)?/;

/** What Deno says of devices, and of what the kernel shows as files, which it opens only for a program with `--allow-all`. */
const KEPT_FROM = /^Requires \w+ access to ("[^]*"),/;

/** The name of a system error, such as `EACCES`; "" for any other error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** Why something failed, to go on after a colon, such as `permission denied`: without numbers, calls and paths. */
export function reasonOf(error: unknown): string {
  const words = WORDS.get(codeOf(error));
  if (words !== undefined) return words;
  const text = error instanceof Error ? error.message : String(error);
  const [, kernel] = DENO.exec(text) ?? [];
  return kernel === undefined ? text : kernel.charAt(0).toLowerCase() + kernel.slice(1);
}

/**
 * Does something with a file, and says of a system error what could not be done: a program without `--allow-all` is not told the path.
 * That something is missing, or is there already, is for the caller to look at, and stays Deno's error.
 *
 * @param verb What is done with it, such as `read`.
 */
export async function attempting<T>(verb: string, path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const expected = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.AlreadyExists;
    if (expected || !WORDS.has(codeOf(error))) throw error;
    throw new Error(`Cannot ${verb} "${path}": ${reasonOf(error)}`, { cause: error });
  }
}

/** An error as a sentence. Our own are sentences; of a system error it says what could not be done, and why. */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [, kept] = KEPT_FROM.exec(text) ?? [];
  if (kept !== undefined) return `Cannot open ${kept}: it is not an ordinary file`;
  const [whole, , denoCall, denoPath] = DENO.exec(text) ?? [];
  if (whole === undefined) {
    const [node, call, path] = WORDS.has(codeOf(error)) ? NODE.exec(text) ?? [] : [];
    return node === undefined ? text : sentence(reasonOf(error), call, path);
  }
  // Where something is said before it, that is what could not be done.
  if (!text.startsWith(whole)) return text.replace(whole, () => reasonOf(new Error(whole)));
  return sentence(reasonOf(error), denoCall, denoPath);
}

function sentence(reason: string, call: string | undefined, path: string | undefined): string {
  if (call === undefined || path === undefined) return `The system refused: ${reason}`;
  // A directory that is there already is no error to those who make all of a path.
  const why = call === "mkdir" && reason === WORDS.get("EEXIST") ? "it is not a directory" : reason;
  return `Cannot ${VERBS[call.toLowerCase()] ?? call} "${path}": ${why}`;
}
