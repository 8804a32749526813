import { type ProcessLimits, softAndHard } from "./process_limits.ts";

/** CAP_SYS_RESOURCE (capabilities(7)), without which nobody raises a hard limit. */
const SYS_RESOURCE = 24n;
/** The user namespace of the host, the only one whose capabilities count for that: PROC_USER_INIT_INO of the kernel. */
const HOST_NAMESPACE = "user:[4026531837]";

interface Hard {
  /** What people call it. */
  readonly name: string;
  /** Its line in `/proc/PID/limits`. */
  readonly row: string;
  /** What sets it in a unit of systemd. */
  readonly directive: string;
  /** What was asked for, as users write it, and as a hard limit. */
  readonly asked: (limits: ProcessLimits) => { readonly shown: number | undefined; readonly hard: number | undefined };
}

const LIMITS: readonly Hard[] = [
  {
    name: "CPU time of processes",
    row: "Max cpu time",
    directive: "LimitCPU=",
    // Its hard limit is a second later.
    asked: ({ cpuTimeSeconds: shown }) => ({ shown, hard: shown === undefined ? undefined : shown + 1 }),
  },
  {
    name: "address space",
    row: "Max address space",
    directive: "LimitAS=",
    asked: ({ addressSpaceBytes: shown }) => ({ shown, hard: shown }),
  },
  {
    name: "size of files",
    row: "Max file size",
    directive: "LimitFSIZE=",
    asked: ({ fileSizeBytes: shown }) => ({ shown, hard: shown }),
  },
  {
    name: "open files",
    row: "Max open files",
    directive: "LimitNOFILE=",
    asked: ({ openFiles }) => {
      const hard = openFiles === undefined ? undefined : softAndHard(openFiles).hard;
      return { shown: hard, hard };
    },
  },
  {
    name: "core dumps",
    row: "Max core file size",
    directive: "LimitCORE=",
    asked: ({ coreBytes: shown }) => ({ shown, hard: shown }),
  },
];

/** What decides how high this process may set a limit of another one (getrlimit(2)). */
export interface Privilege {
  /** The text of `/proc/self/limits` (proc_pid_limits(5)). */
  readonly limits: string;
  /** Whether it may set more than its own hard limits. */
  readonly raises: boolean;
  /** Most open files that the kernel lets anybody have (`fs.nr_open`). */
  readonly mostOpenFiles: number;
}

/** Reads it of this process. */
export function readPrivilege(): Privilege {
  const [, effective = "0"] = /^CapEff:\s*([\da-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status")) ?? [];
  const capable = (BigInt(`0x${effective}`) >> SYS_RESOURCE & 1n) === 1n;
  return {
    limits: Deno.readTextFileSync("/proc/self/limits"),
    raises: capable && userNamespace() === HOST_NAMESPACE,
    mostOpenFiles: Number(Deno.readTextFileSync("/proc/sys/fs/nr_open")),
  };
}

function userNamespace(): string {
  try {
    return Deno.readLinkSync("/proc/self/ns/user");
  } catch {
    // A kernel without them.
    return HOST_NAMESPACE;
  }
}

/** Gives the reason, in a sentence, for each limit of processes that this host or this daemon cannot set. */
export function unsettable(asked: ProcessLimits, privilege: () => Privilege = readPrivilege): string[] {
  const wanted = LIMITS.filter((limit) => limit.asked(asked).hard !== undefined);
  if (wanted.length === 0) return [];
  const { limits, raises, mostOpenFiles } = privilege();
  return wanted.flatMap(({ name, row, directive, asked: of }) => {
    const { shown = 0, hard = 0 } = of(asked);
    const cannot = `Cannot limit ${name} to ${shown}`;
    if (row === "Max open files" && hard > mostOpenFiles) {
      return [`${cannot}: this host allows at most ${mostOpenFiles}; ask for less, or raise fs.nr_open by sysctl`];
    }
    const [, own] = new RegExp(`^${row} +\\S+ +(\\d+)`, "m").exec(limits) ?? [];
    if (raises || own === undefined || hard <= Number(own)) return [];
    const most = Number(own) - (hard - shown);
    return [
      `${cannot}: the daemon may set at most ${most}, its own hard limit, which it may not raise without ` +
      `CAP_SYS_RESOURCE; ask for less, or start the daemon with more (${directive} in its unit)`,
    ];
  });
}
