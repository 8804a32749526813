import { join } from "node:path";
import { deepEqual, equal } from "../support/assert.ts";
import { build } from "../build/build.ts";
import { command } from "../faults/support/command.ts";
import { canLimit, removeCgroups } from "../support/cgroups.ts";
import { BINARIES } from "../support/programs.ts";
import { until } from "../support/until.ts";
import { connect, Host } from "./host.ts";

const NEEDED = ["bash", "ip", "nsenter", "scp", "ssh-keygen", "sshd", "unshare"];
const FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Whether there is something. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Why there can be no hosts here; `undefined` where there can. */
export function whyNot(): string | undefined {
  if (Deno.uid() !== 0) return "not root";
  const missing = NEEDED.filter((name) => !FOLDERS.some((folder) => exists(join(folder, name))));
  if (missing.length > 0) return `no ${missing.join(", ")}`;
  return canLimit ? undefined : "no cgroups";
}

/** Keys for ssh, of a user and of the server. */
export async function makeKeys(folder: string): Promise<void> {
  for (const name of ["host", "user"]) {
    await command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(folder, name));
  }
}

/** The two files: those of `--binaries`, or new ones. */
export async function makePrograms(folder: string): Promise<void> {
  const programs = join(folder, "programs");
  await Deno.mkdir(programs);
  if (BINARIES === null) await build(programs);
  else {for (const name of ["teleworker", "teleworkerd"]) {
      await Deno.copyFile(join(BINARIES, name), join(programs, name));
    }}
}

/** Two hosts, joined by a cable. */
export class Hosts implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly laptop: Host;
  readonly server: Host;
  /** Their namespaces, as /proc names them. */
  namespaces: readonly string[] = [];

  private constructor(readonly folder: string, cgroupRoot: string) {
    this.#stack.defer(() => removeCgroups(cgroupRoot));
    const given = { folder, cgroupRoot };
    const [laptop, server] = [
      { ...given, name: "laptop.example.org", address: "192.0.2.1", user: "alice" },
      { ...given, name: "build.example.org", address: "192.0.2.7", user: "root" },
    ] as const;
    this.laptop = this.#stack.use(new Host(laptop));
    this.server = this.#stack.use(new Host(server));
  }

  /** @param folder Holds what {@linkcode makeKeys} and {@linkcode makePrograms} make. */
  static async begin(folder: string): Promise<Hosts> {
    const hosts = new Hosts(folder, `tw-test-${crypto.randomUUID().slice(0, 8)}`);
    try {
      for (const host of [hosts.laptop, hosts.server]) {
        hosts.namespaces = [...hosts.namespaces, ...namespacesOf(await host.pid())];
      }
      await connect(hosts.laptop, hosts.server);
      return hosts;
    } catch (error) {
      await hosts[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function namespacesOf(pid: number | string): string[] {
  try {
    return ["pid", "net", "mnt"].map((kind) => Deno.readLinkSync(`/proc/${pid}/ns/${kind}`));
  } catch {
    return []; // It has ended.
  }
}

/** Fails if there is a process, a mount or a file of hosts that are gone. */
export async function assertNothingLeft({ folder, namespaces }: Hosts): Promise<void> {
  equal(namespaces.length, 6);
  const left = () => {
    const pids = [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((name) => /^\d+$/.test(name));
    return pids.filter((pid) => namespacesOf(pid).some((namespace) => namespaces.includes(namespace)));
  };
  // The first process of a host lets go of what we read before it ends those that do not hold it, such as sshd.
  await until("no process is left", () => left().length === 0);
  equal(Deno.readTextFileSync("/proc/self/mountinfo").includes(folder), false);
  for (const name of ["laptop.example.org", "build.example.org"]) {
    deepEqual([...Deno.readDirSync(join(folder, name))], [], "written outside of the hosts' own disks");
  }
}
