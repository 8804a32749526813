import { dirname, join } from "node:path";
import { codeOf, reasonOf } from "../base/system_error.ts";
import { describeStranger, othersCanWrite } from "../base/trusted_path.ts";

/** Where everything of a worker stands on disk; the layout is the one in docs/architecture.md. */
export interface StateFolder {
  readonly root: string;
  /** A folder per job. */
  readonly jobs: string;
  /** The logs, in one flat folder so that one inotify watch sees them all. */
  readonly output: string;
  /** Doorbells: a runner makes a file named by its job here when the job's end is recorded. */
  readonly ended: string;
  /** The runner's scripts. */
  readonly scripts: string;
}

/** The two streams of a job. */
export type Stream = "stdout" | "stderr";

/**
 * Makes the folders where they are missing, for the owner only. `path` is absolute.
 * @throws {Error} when one of them is another account's, or others can write to it, or it cannot be made: why, and what to do about it.
 */
export function openStateFolder(path: string): StateFolder {
  const root = makeReal(path);
  const folder = {
    root,
    jobs: join(root, "jobs"),
    output: join(root, "output"),
    ended: join(root, "ended"),
    scripts: join(root, "scripts"),
  };
  for (const path of Object.values(folder)) {
    try {
      Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw cannotUse(root, path, error);
    }
    const problem = whyNotOurs(path, Deno.statSync(path));
    if (problem !== null) throw new Error(`Cannot use the state folder "${root}": ${problem}`);
  }
  return folder;
}

/** Makes a folder whose path has `..`, and gives its real path: `join` would fold that, and behind a symbolic link it is another folder. */
function makeReal(path: string): string {
  if (!path.split("/").includes("..")) return path;
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  return Deno.realPathSync(path);
}

/** Takes the lock of a state folder, which its file holds until it is closed. */
export async function lockStateFolder({ root }: StateFolder): Promise<Deno.FsFile> {
  const path = `${root}/lock`;
  const file = await Deno.open(path, { create: true, write: true, mode: 0o600 }).catch((error) => {
    throw cannotUse(root, path, error);
  });
  if (await file.tryLock(true)) return file;
  file.close();
  throw new Error(`Cannot use the state folder "${root}": another daemon does`);
}

/** What to do about a state folder that cannot be used. */
export function otherStateFolder(): string {
  const such = Deno.uid() === 0 ? "" : ", such as --state-dir ~/.local/state/teleworker";
  return `choose another with --state-dir${such}`;
}

function cannotUse(root: string, path: string, error: unknown): Error {
  const code = codeOf(error);
  const reason = path === root && code === "EEXIST"
    ? "it is not a folder"
    : code === "ENOTDIR"
    ? `"${dirname(path)}" is not a directory`
    : path === root
    ? reasonOf(error)
    : `"${path}": ${reasonOf(error)}`;
  return new Error(`Cannot use the state folder "${root}": ${reason}; ${otherStateFolder()}`, { cause: error });
}

/**
 * Why a folder may hold what is not ours: who can write there can put scripts of their own in the place of the runner's. Null for one of
 * ours or root's that is for its owner, and a group, alone. To go on after a colon.
 */
export function whyNotOurs(path: string, info: Deno.FileInfo): string | null {
  const stranger = describeStranger(info);
  if (stranger !== undefined) return `"${path}" belongs to ${stranger}`;
  return othersCanWrite(info) ? `others can write to "${path}"; run: chmod o-w "${path}"` : null;
}

/** A job's own folder. */
export function jobFolder(state: StateFolder, id: string): string {
  return join(state.jobs, id);
}

/** A job's log. */
export function logPath(state: StateFolder, id: string, stream: Stream): string {
  return join(state.output, `${id}.${stream}`);
}
