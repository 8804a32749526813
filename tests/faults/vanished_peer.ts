import { join } from "node:path";
import { equal } from "../support/assert.ts";
import { jobSchema } from "../../lib/contract/mod.ts";
import { addServer } from "../../lib/pki/store.ts";
import { LiveClient } from "../client/live_client.ts";
import { Tunnel } from "../client/tunnel.ts";
import { programWords } from "../support/programs.ts";
import { until } from "../support/until.ts";
import type { Case } from "./support/suite.ts";
import { Daemon } from "../support/daemon.ts";

/** Seconds within which a peer that has vanished must be gone. */
const BOUND = 120;
/** Four addresses of the range for tests of networks (RFC 2544), which is nobody's; others than a suite beside this one has. */
const NETWORK = Array.from(crypto.getRandomValues(new Uint8Array(2)));
const address = (last: number) => `198.18.${NETWORK[0]}.${((NETWORK[1] ?? 0) & ~3) + last}`;
const HOST = address(1);
const PEER = address(2);

/** A network of two: us, and a namespace from which a program connects and whose cable can be cut. */
class Cable implements AsyncDisposable {
  readonly #name = `tw${crypto.randomUUID().slice(0, 6)}`;

  /** Lays it. */
  static async lay(): Promise<Cable> {
    const cable = new Cable();
    try {
      const name = cable.#name;
      await ip("netns", "add", name);
      await ip("link", "add", `${name}-a`, "type", "veth", "peer", "name", `${name}-b`, "netns", name);
      await ip("address", "add", `${HOST}/30`, "dev", `${name}-a`);
      await ip("link", "set", `${name}-a`, "up");
      await ip("-n", name, "address", "add", `${PEER}/30`, "dev", `${name}-b`);
      await ip("-n", name, "link", "set", `${name}-b`, "up");
      return cable;
    } catch (error) {
      await cable[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts curl at the far end, which says on stdout what it gets. */
  curl(...args: readonly string[]): Deno.ChildProcess {
    return new Deno.Command("ip", {
      args: ["netns", "exec", this.#name, "curl", "--silent", "--no-buffer", "--max-time", "600", ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  }

  /** Starts the client at the far end. */
  client(daemon: Daemon, ...args: readonly string[]): LiveClient {
    const program = ["ip", "netns", "exec", this.#name, ...programWords("teleworker")] as const;
    return new LiveClient(daemon, args, { program, identity: "root" });
  }

  /** Nothing comes through any more, in neither direction, and neither end is told: no FIN, no RST. */
  async cut(): Promise<void> {
    await ip("-n", this.#name, "link", "set", `${this.#name}-b`, "down");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The other end goes with it.
    await ip("link", "delete", `${this.#name}-a`).catch(() => {});
    await ip("netns", "delete", this.#name).catch(() => {});
  }
}

async function ip(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args: [...args] }).output();
  if (!success) throw new Error(`Cannot run ip ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}

async function reasonToSkip(): Promise<string | null> {
  if (Deno.uid() !== 0) return "not root";
  try {
    await using _cable = await Cable.lay();
    const { success } = await new Deno.Command("curl", { args: ["--version"], stdout: "null" }).output();
    return success ? null : "no curl";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The cable to a follower's host is cut, a follower stops reading, and a tunnel stalls: both sides of each notice. */
export const vanishedPeer: Case = {
  name: "a follower whose peer vanishes or reads no more is gone within two minutes, and notices that too",
  impossible: await reasonToSkip(),
  run: async () => {
    await using cable = await Cable.lay();
    await using daemon = await Daemon.start({ listen: `${HOST}:0` });
    await nameHost(daemon);
    await using tunnel = await Tunnel.open(daemon.address);
    const [cutGate, fullGate] = [join(daemon.folder.path, "cut"), join(daemon.folder.path, "full")];
    const after = (gate: string, command: string) =>
      `until [ -e ${gate} ]; do sleep 0.1; done; ${command}; exec sleep 1000`;
    const jobs = {
      nothing: await start(daemon, "exec sleep 1000"),
      few: await start(daemon, after(cutGate, "echo few")),
      full: await start(daemon, after(fullGate, "head -c 64M /dev/zero")),
      paused: await start(daemon, after(fullGate, "head -c 64M /dev/zero")),
    };
    const port = daemon.address.split(":").at(-1);
    const follow = (id: string) => [
      ...["--resolve", `localhost:${port}:${HOST}`, "--cacert", join(daemon.certs, "ca.pem")],
      ...["--cert", join(daemon.certs, "client-root.pem"), "--key", join(daemon.certs, "client-root-key.pem")],
      `https://localhost:${port}/v1/jobs/${id}/stdout?follow=true`,
    ];
    const curl = (id: string) => cable.curl(...follow(id));
    const peers = [...[jobs.nothing, jobs.few, jobs.full].map(curl), here(follow(jobs.paused))];
    await using stack = new AsyncDisposableStack();
    const near = { address: tunnel.address, certs: daemon.certs };
    const follower = stack.use(new LiveClient(near, ["logs", "-f", jobs.few], { identity: "root" }));
    const runner = stack.use(new LiveClient(near, ["run", "--", "sh", "-c", "echo begun; exec sleep 1000"]));
    const waiter = stack.use(cable.client(daemon, "wait", jobs.nothing));
    try {
      await runner.prints("begun");
      await daemon.logged(new RegExp(`"route":"status","job":"${jobs.nothing}"`));
      await daemon.logged(new RegExp(`("route":"output","job":"${jobs.few}"[^]*){3}`));
      const ids = Object.values(jobs);
      await until("all follow", () => ids.every((id) => follows(daemon, id)));
      // Nobody reads what curl prints: it stops, and so do all buffers up to the log.
      await Deno.writeTextFile(fullGate, "");
      await until("all buffers are full", async () => {
        const before = offsets(daemon);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return before !== "" && before === offsets(daemon);
      });
      await cable.cut();
      tunnel.stall();
      await Deno.writeTextFile(cutGate, "");
      const noticed = () => [follower, runner, waiter].every(({ stderr }) => stderr.includes("; trying again"));
      await until("the clients notice", noticed, BOUND);
      tunnel.recover();
      await until("it goes on from its byte", () => follower.stdout === "few\n", BOUND);
      follower.signal("SIGKILL");
      await until("all are gone", () => !ids.some((id) => follows(daemon, id)), BOUND);
      equal((await send(daemon, "/healthz")).status, 200);
    } finally {
      for (const peer of peers) await end(peer);
    }
  },
};

/** Has the daemon show a certificate that names its host as the clients do. */
async function nameHost(daemon: Daemon): Promise<void> {
  for (const name of ["server.pem", "server-key.pem"]) await Deno.remove(join(daemon.certs, name));
  await addServer(daemon.certs, ["localhost", "127.0.0.1", HOST]);
  await daemon.logged(/Took in a change of .*the server's certificate/);
}

/** curl on our side of the cable. */
function here(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command("curl", {
    args: ["--silent", "--no-buffer", "--max-time", "600", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

async function end(peer: Deno.ChildProcess): Promise<void> {
  try {
    peer.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
  await peer.stdout.cancel();
  await peer.status;
}

/** A request through the daemon's Unix socket. */
async function send(daemon: Daemon, path: string, body?: object): Promise<Response> {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: daemon.socket } });
  const response = await fetch(`http://localhost${path}`, {
    client,
    ...(body === undefined ? {} : {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    }),
  });
  return new Response(await response.bytes(), response);
}

/** Starts a job of the shell's; its id. */
async function start(daemon: Daemon, script: string): Promise<string> {
  const response = await send(daemon, "/v1/jobs", { command: "sh", args: ["-c", script] });
  return jobSchema.parse(await response.json()).id;
}

/** Whether the daemon has a job's log open, as it has for each follower and for nothing else. */
function follows(daemon: Daemon, id: string): boolean {
  return [...Deno.readDirSync(`/proc/${daemon.pid}/fd`)].some(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/${daemon.pid}/fd/${name}`).endsWith(`${id}.stdout`);
    } catch {
      return false; // It was closed meanwhile.
    }
  });
}

/** How far the daemon has come in each log that is followed (proc_pid_fdinfo(5)), as text. */
function offsets(daemon: Daemon): string {
  const folder = `/proc/${daemon.pid}`;
  return [...Deno.readDirSync(`${folder}/fd`)].map(({ name }) => {
    try {
      if (!Deno.readLinkSync(`${folder}/fd/${name}`).endsWith(".stdout")) return "";
      const position = Number(/^pos:\s*(\d+)$/m.exec(Deno.readTextFileSync(`${folder}/fdinfo/${name}`))?.[1]);
      return position > 0 ? `${name}: ${position}` : "";
    } catch {
      return ""; // It was closed meanwhile.
    }
  }).join("");
}
