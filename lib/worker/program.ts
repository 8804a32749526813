import { isAbsolute, join, resolve } from "node:path";

/** Where a job's program is looked for when its environment has no PATH of its own. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Finds the program as execvp(3) would: a name with a slash is a path from `cwd`, any other is looked for in `path`.
 * @returns its absolute path.
 * @throws {Error} when it cannot be started, with the reason in a sentence.
 */
export async function findProgram(command: string, cwd: string, path: string): Promise<string> {
  await requireFolder(cwd);
  if (command.includes("/")) {
    const program = resolve(cwd, command);
    const reason = await reasonNotToRun(program);
    if (reason !== null) throw new Error(`Cannot start "${command}": ${reason}`);
    return program;
  }
  let found = "no such program in PATH";
  for (const folder of path.split(":")) {
    const program = join(isAbsolute(folder) ? folder : resolve(cwd, folder), command);
    const reason = await reasonNotToRun(program);
    if (reason === null) return program;
    if (reason !== "no such file") found = reason;
  }
  throw new Error(`Cannot start "${command}": ${found}`);
}

async function requireFolder(cwd: string): Promise<void> {
  const cannot = `Cannot enter the working directory "${cwd}"`;
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(cwd);
  } catch (error) {
    throw new Error(`${cannot}: ${fileReason(error)}`);
  }
  if (!info.isDirectory) throw new Error(`${cannot}: it is not a directory`);
}

async function reasonNotToRun(program: string): Promise<string | null> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(program);
  } catch (error) {
    return fileReason(error);
  }
  if (info.isDirectory) return "it is a directory";
  if (!info.isFile || ((info.mode ?? 0) & 0o111) === 0) return "it is not executable";
  return null;
}

function fileReason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return "no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Error) return error.message;
  throw error;
}
