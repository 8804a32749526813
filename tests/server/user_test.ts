import { join } from "node:path";
import { deepEqual, equal, ok } from "../support/assert.ts";
import type { Job, StartRequest } from "../../lib/contract/mod.ts";
import { PoorDaemon } from "../faults/support/poor_daemon.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";

// Only root can become somebody else.
const ignore = Deno.uid() !== 0;
const NOBODY = 65534;

/** Runs a job to its end, and gives it with what it wrote. */
async function run(https: Https, request: StartRequest): Promise<{ job: Job; stdout: string }> {
  const { id } = await https.start(request);
  const job = await https.wait(id);
  return { job, stdout: await (await https.send("GET", `/v1/jobs/${id}/stdout`)).text() };
}

Deno.test({
  name: "--user: a folder that root may not enter, as on NFS or FUSE → the launch decides (needs root)",
  ignore,
  async fn() {
    await using folder = await TemporaryFolder.create();
    await Deno.chmod(folder.path, 0o755);
    const home = join(folder.path, "home");
    await Deno.mkdir(home, { mode: 0o700 });
    await Deno.writeTextFile(join(home, "tool"), "#!/bin/sh\npwd -P\n", { mode: 0o700 });
    await Deno.writeTextFile(join(home, "text"), "text", { mode: 0o600 });
    await Deno.writeTextFile(join(home, "crlf"), "#!/bin/sh\r\n", { mode: 0o700 });
    for (const name of ["", "tool", "text", "crlf"]) await Deno.chown(join(home, name), NOBODY, NOBODY);
    // Without these capabilities root is for such a folder what any other account is.
    const prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
    await using daemon = await Daemon.start({ prefix });
    const status = await Deno.readTextFile(`/proc/${daemon.pid}/status`);
    equal(BigInt(`0x${/^CapEff:\s*(\S+)$/m.exec(status)?.[1]}`) & 0b110n, 0n);
    using alice = await Https.as(daemon, "alice");

    const nobody = { user: "nobody", args: [] };
    const real = `${await Deno.realPath(home)}\n`;
    for (
      const request of [
        { ...nobody, command: "pwd", args: ["-P"], cwd: home },
        { ...nobody, command: "./tool", cwd: home },
        { ...nobody, command: "tool", cwd: home, env: { PATH: ":/bin" } },
        { ...nobody, command: join(home, "tool"), cwd: home },
        { ...nobody, command: "tool", cwd: home, env: { PATH: `/bin:${home}` } },
      ]
    ) {
      const { job, stdout } = await run(alice, request);
      deepEqual([job.state, job.exitCode, job.reason, stdout], ["exited", 0, null, real]);
    }

    const refused = async (request: StartRequest) => {
      const { job } = await run(alice, request);
      equal(job.state, "failed");
      return job.reason;
    };
    const cannot = (command: string) => `Cannot start "${join(home, command)}"`;
    equal(await refused({ ...nobody, command: join(home, "text") }), `${cannot("text")}: it is not executable`);
    equal(await refused({ ...nobody, command: join(home, "none") }), `${cannot("none")}: no such file`);
    equal(await refused({ ...nobody, command: home }), `Cannot start "${home}": it is a directory`);
    equal(
      await refused({ ...nobody, command: join(home, "crlf") }),
      `${cannot("crlf")}: its interpreter "/bin/sh\\r" does not exist: ` +
        "the file has the line ends of Windows (CR LF), and needs those of Unix (LF)",
    );
    // Who may not go there is told so: here that is root itself.
    equal(await refused({ command: join(home, "tool") }), `${cannot("tool")}: permission denied`);
    const folderReason = (why: string, path = home) => `Cannot enter the working directory "${path}": ${why}`;
    equal(await refused({ command: "true", cwd: home }), folderReason("permission denied"));
    const text = join(home, "text");
    equal(await refused({ ...nobody, command: "true", cwd: text }), folderReason("it is not a directory", text));
    const none = join(home, "none");
    equal(await refused({ ...nobody, command: "true", cwd: none }), folderReason("no such file", none));
  },
});

Deno.test({
  name: "--user: the account that the daemon runs as → its home, and the daemon's groups (needs root)",
  ignore,
  async fn() {
    await using poor = await PoorDaemon.start(NOBODY);
    using alice = await Https.as(poor.daemon, "alice");
    const args = ["-c", "echo $HOME $USER $LOGNAME; grep -E '^(Uid|Gid|Groups)' /proc/self/status; umask; ulimit -n"];
    const lines = async (request: Partial<StartRequest>) => {
      const { job, stdout } = await run(alice, { command: "sh", args, ...request });
      deepEqual([job.state, job.exitCode, job.reason], ["exited", 0, null]);
      return stdout.split("\n");
    };
    const [home, ...rest] = await lines({ user: "nobody" });
    equal(home, "/nonexistent nobody nobody");
    // All else is as without it.
    deepEqual(rest, (await lines({})).slice(1));
    const [limited] = (await lines({ user: "nobody", limits: { openFiles: 64 } })).slice(-2);
    equal(limited, "64");
    equal((await lines({ user: "nobody", env: { HOME: "/tmp" } }))[0], "/tmp nobody nobody");
  },
});

Deno.test({
  name: "--user: another account, of a daemon that is not root → refused (needs root)",
  ignore,
  async fn() {
    await using poor = await PoorDaemon.start(NOBODY);
    using alice = await Https.as(poor.daemon, "alice");
    const response = await alice.send("POST", "/v1/jobs", { command: "true", user: "root" });
    equal(response.status, 422);
    ok((await response.text()).includes('Cannot run as \\"root\\": only a daemon of root can change users'));
  },
});

Deno.test({
  name: "--user: an account that shares its user id with another → the groups of its own name (needs root)",
  ignore,
  async fn() {
    await using folder = await TemporaryFolder.create();
    const [alias, group] = ["tw-alias", 54321];
    const databases = { passwd: `${alias}:x:${NOBODY}:${NOBODY}::/tmp:/bin/sh`, group: `tw-group:x:${group}:${alias}` };
    const mounts: string[] = [];
    for (const [name, line] of Object.entries(databases)) {
      const path = join(folder.path, name);
      await Deno.writeTextFile(path, `${await Deno.readTextFile(`/etc/${name}`)}${line}\n`, { mode: 0o644 });
      mounts.push(`mount --bind '${path}' /etc/${name}`);
    }
    await using daemon = await Daemon.start({
      prefix: ["unshare", "--mount", "sh", "-c", `${mounts.join(" && ")} && exec "$@"`, "sh"],
    });
    using alice = await Https.as(daemon, "alice");
    const args = ["-c", 'echo "$USER $(id -u) $(id -G)"'];
    const groups = async (user: string) => (await run(alice, { command: "sh", args, user })).stdout;
    equal(await groups(alias), `${alias} ${NOBODY} ${NOBODY} ${group}\n`);
    equal(await groups("nobody"), `nobody ${NOBODY} ${NOBODY}\n`);
    equal(await groups("root"), "root 0 0\n");
  },
});
