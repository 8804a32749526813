import { join } from "node:path";
import drainScript from "./drain.sh" with { type: "text" };
import execScript from "./exec.sh" with { type: "text" };
import groupScript from "./group.sh" with { type: "text" };
import launchScript from "./launch.sh" with { type: "text" };
import runnerScript from "./runner.sh" with { type: "text" };
import { spawnChild } from "./children.ts";
import { hasBecomeProgram } from "./executed.ts";
import type { Host } from "./host.ts";
import { prlimitOptions, type ProcessLimits } from "./process_limits.ts";
import { readRecord } from "./read_record.ts";
import { startedSchema } from "./records.ts";
import type { Entry } from "./registry.ts";
import { joinNewSessionKeyring } from "./session_keyring.ts";
import { jobFolder, type StateFolder } from "./state_folder.ts";
import type { Account } from "./user.ts";

const SCRIPTS = {
  "runner.sh": runnerScript,
  "drain.sh": drainScript,
  "group.sh": groupScript,
  "launch.sh": launchScript,
  "exec.sh": execScript,
};
const SHELL = "/bin/sh";

/** Where a job's program is looked for when its environment has no PATH of its own. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Bytes that a log may be over its most for a while, at the least: each look at it costs two processes, and may come after as few reads as these are blocks. */
const LEAST_SLICE = 8 * 2 ** 20;

/** Puts the runner's scripts where a shell can read them. Runners of an older daemon keep reading the files that they opened. */
export async function installScripts(state: StateFolder): Promise<void> {
  for (const [name, text] of Object.entries(SCRIPTS)) {
    const path = join(state.scripts, name);
    // Another account's job opens exec.sh anew by a descriptor that it is given; the folder it cannot enter.
    const mode = name === "exec.sh" ? 0o644 : 0o600;
    // What is there takes no space: on a full disk a daemon must start, for it is needed to stop what fills that.
    if (await holds(path, text, mode)) continue;
    await Deno.writeTextFile(`${path}.new`, text, { mode });
    // The umask may have taken away what another account needs.
    await Deno.chmod(`${path}.new`, mode);
    await Deno.rename(`${path}.new`, path);
  }
}

async function holds(path: string, text: string, mode: number): Promise<boolean> {
  try {
    const info = await Deno.lstat(path);
    return info.isFile && ((info.mode ?? 0) & 0o777) === mode && await Deno.readTextFile(path) === text;
  } catch {
    return false;
  }
}

/** What a runner is to run. */
export interface Launch {
  /** The program's whole environment; its PATH is where the program is looked for. */
  readonly env: Readonly<Record<string, string>> & { readonly PATH: string };
  /** Whom it runs as, if not as the daemon. */
  readonly account: Account | null;
}

/**
 * Starts the runner of a job and waits until the program runs.
 * @returns false when the runner has ended first. How the job ended stands on disk, for this daemon and the next alike.
 * @throws when the kernel refuses the process, such as for arguments too long (execve(2), E2BIG).
 */
export async function spawnRunner(
  host: Host,
  entry: Entry,
  { env: { PATH, ...others }, account }: Launch,
): Promise<boolean> {
  const { spec } = entry;
  // The first is the PATH, by which the launch finds the program.
  const variables = Object.entries({ PATH, ...others }).map(([name, value]) => `${name}=${value}`);
  const options: Deno.CommandOptions = {
    args: [join(host.state.scripts, "runner.sh"), spec.cwd, spec.command, ...spec.args],
    clearEnv: true,
    env: {
      TELEWORKER_JOB: jobFolder(host.state, spec.id),
      TELEWORKER_OUTPUT: join(host.state.output, spec.id),
      TELEWORKER_DOORBELL: join(host.state.ended, spec.id),
      TELEWORKER_CGROUPS: (entry.cgroup?.directories ?? []).join(" "),
      TELEWORKER_USAGE: (entry.cgroup?.usageFiles ?? []).join(" "),
      TELEWORKER_OUTPUT_MAX: String(spec.outputMaxBytes),
      TELEWORKER_SLICE: String(Math.max(LEAST_SLICE, Math.ceil(spec.outputMaxBytes / 16))),
      TELEWORKER_OPEN_FILES: String(host.openFiles),
      TELEWORKER_PREFIX: prefixOf(spec.limits, account).join(" "),
      TELEWORKER_OWNER: String(account?.uid ?? ""),
      TELEWORKER_SCRIPTS: host.state.scripts,
      TELEWORKER_TOKEN: crypto.randomUUID(),
      TELEWORKER_ENV_COUNT: String(variables.length),
      ...Object.fromEntries(variables.map((variable, index) => [`TELEWORKER_ENV_${index + 1}`, variable])),
    },
    // A session of its own: what a terminal or a service manager does to the daemon's does not reach the job.
    detached: true,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  };
  joinNewSessionKeyring();
  const runner = spawnChild(SHELL, options);
  runner.unref();
  const reader = runner.stdout.getReader();
  // Not by the end of the pipe alone: while the launch is its user's, another process of that user can take the pipe from it.
  const { done } = await Promise.race([reader.read(), runner.status.then(() => ({ done: true }))]);
  await reader.cancel();
  if (done) return false;
  const started = readRecord(join(jobFolder(host.state, spec.id), "started.json"), startedSchema);
  return started === null || await hasBecomeProgram(started.record.pid, runner.status);
}

/** The programs that set the limits and the user of what they are given to run, each word without blanks. */
function prefixOf(limits: ProcessLimits, account: Account | null): string[] {
  const options = prlimitOptions(limits);
  const prlimit = options.length === 0 ? [] : ["prlimit", ...options, "--"];
  if (account === null) return prlimit;
  const { uid, gid, groups } = account;
  // Listed, for setpriv finds them by the user id, and would take those of another account that has the same.
  const inGroups = groups === null ? "--init-groups" : `--groups=${groups.join(",")}`;
  // After the limits, which only root can raise.
  return [...prlimit, "setpriv", `--reuid=${uid}`, `--regid=${gid}`, inGroups, "--"];
}
