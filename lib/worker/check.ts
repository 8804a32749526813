import { detectCgroups, type Report } from "../cgroup/mod.ts";
import { spawnChild } from "./children.ts";
import { DEFAULT_PATH } from "./runner.ts";

/** What a host has for jobs, and what it lacks. */
export interface HostCheck {
  /** Whether jobs can run at all. */
  readonly works: boolean;
  /** Its limits. */
  readonly cgroups: Report;
  /** The programs that runners use. */
  readonly programs: readonly ProgramCheck[];
}

/** One program that runners use. */
export interface ProgramCheck {
  /** Its name. */
  readonly name: string;
  /** Where it is; null when it is missing or cannot do what it must. */
  readonly path: string | null;
  /** Whether no job can run without it. */
  readonly required: boolean;
  /** What it is for. */
  readonly purpose: string;
  /** What to do about it when it is missing. */
  readonly advice: string;
}

const EVERY_JOB = ["sh", "cat", "dd", "mkfifo", "mv", "rm", "rmdir", "sleep", "tail", "wc", "chown", "od", "tr"];

/** Looks what this host has for jobs, and makes its cgroups ready as {@linkcode Worker.open} does. */
export async function checkHost({ cgroupRoot }: { cgroupRoot: string }): Promise<HostCheck> {
  const programs = await Promise.all([
    ...EVERY_JOB.map((name) => checkProgram(name, true, "every job", "Install coreutils and a POSIX shell")),
    checkSetsid(),
    checkProgram("prlimit", false, "limits of processes (--cpu-time, --open-files, …)", "Install util-linux"),
    checkProgram("setpriv", false, "other accounts than the daemon's (--user)", "Install util-linux"),
    checkProgram("fallocate", false, "caps on output (--output-max)", "Install util-linux"),
    checkProgram("env", false, "variables that a shell keeps for itself (OPTIND, …)", "Install coreutils"),
    checkProgram(
      "getent",
      false,
      "other accounts than the daemon's (--user)",
      "Install the C library's tools (libc-bin)",
    ),
  ]);
  const works = programs.every(({ required, path }) => !required || path !== null);
  return { works, cgroups: detectCgroups({ name: cgroupRoot }).report(), programs };
}

async function checkProgram(name: string, required: boolean, purpose: string, advice: string): Promise<ProgramCheck> {
  const paths = DEFAULT_PATH.split(":").map((folder) => `${folder}/${name}`);
  const there = await Promise.all(paths.map(isExecutable));
  return { name, path: paths.find((_, index) => there[index]) ?? null, required, purpose, advice };
}

async function isExecutable(path: string): Promise<boolean> {
  const info = await Deno.stat(path).catch(() => null);
  return info !== null && info.isFile && ((info.mode ?? 0) & 0o111) !== 0;
}

/** Only setsid of util-linux 2.24 or newer can wait and tell how its child ended. */
async function checkSetsid(): Promise<ProgramCheck> {
  const check = await checkProgram(
    "setsid",
    true,
    "every job (it tells exit codes and signals apart)",
    "Install util-linux 2.24 or newer",
  );
  if (check.path === null) return check;
  const { code } = await spawnChild(check.path, {
    args: ["--fork", "--wait", "sh", "-c", "exit 7"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).status;
  return code === 7 ? check : { ...check, path: null };
}
