import { join } from "node:path";

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

/** Makes the folders where they are missing, for the owner only. `root` is an absolute path. */
export function openStateFolder(root: string): StateFolder {
  const folder = {
    root,
    jobs: join(root, "jobs"),
    output: join(root, "output"),
    ended: join(root, "ended"),
    scripts: join(root, "scripts"),
  };
  for (const path of Object.values(folder)) Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  return folder;
}

/** A job's own folder. */
export function jobFolder(state: StateFolder, id: string): string {
  return join(state.jobs, id);
}

/** A job's log. */
export function logPath(state: StateFolder, id: string, stream: Stream): string {
  return join(state.output, `${id}.${stream}`);
}

/** Removes a file or a folder with all that is in it. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
