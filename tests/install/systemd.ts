/**
 * The daemon as `teleworkerd install` leaves it to a real systemd. Run by `deno task test:systemd` in a guest that is gone at the end,
 * for it installs where users do.
 * @module
 */
import { deepEqual, equal, match, notEqual, ok } from "../support/assert.ts";
import { jobSchema } from "../../lib/contract/mod.ts";
import { addClient, addServer, initAuthority } from "../../lib/pki/store.ts";
import { programWords } from "../support/programs.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { teleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";

/** Seconds that anything may take: the guest is slow, and the first start unpacks the runtime. */
const LONG = 300;

/** Runs a program to its end. */
async function run(...[program, ...args]: [string, ...string[]]) {
  const output = await new Deno.Command(program, { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  return { code: output.code, stdout: decoder.decode(output.stdout), stderr: decoder.decode(output.stderr) };
}

/** The same, for what must not fail; its stdout. */
async function succeed(...words: [string, ...string[]]): Promise<string> {
  const { code, stdout, stderr } = await run(...words);
  equal(code, 0, `${words.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

/** A property of the unit. */
async function property(name: string): Promise<string> {
  return (await succeed("systemctl", "show", "--value", "--property", name, "teleworkerd")).trim();
}

function modeOf(path: string): string {
  return ((Deno.statSync(path).mode ?? 0) & 0o7777).toString(8);
}

Deno.test("teleworkerd installed under systemd: limits, restart, kill, stop and start beside a job that lives", async (t) => {
  await using folder = await TemporaryFolder.create();
  const host = { address: "localhost:8443", certs: `${folder.path}/certs` };
  const end = `${folder.path}/end`;
  const installer = programWords("teleworkerd");
  let pid = 0;
  let group = "";

  const client = async (...args: string[]) => {
    const { code, stdout, stderr } = await teleworker(host, args);
    equal(code, 0, stderr);
    return stdout;
  };
  const job = async () => jobSchema.parse(JSON.parse(await client("--output", "json", "status", "writer")));
  /** The job is the same process, in the same cgroup, under the same limits, and has written on since. */
  const livesOn = async () => {
    equal((await Deno.readTextFile(`/proc/${pid}/cgroup`)).trim().slice("0::".length), group);
    equal((await Deno.readTextFile(`/sys/fs/cgroup${group}/memory.max`)).trim(), String(64 * 2 ** 20));
    equal((await Deno.readTextFile(`/sys/fs/cgroup${group}/pids.max`)).trim(), "32");
    const log = `/var/lib/teleworker/output/${group.split("/").at(-1)}.stdout`;
    const { size } = await Deno.stat(log);
    await until("the job writes on", async () => (await Deno.stat(log)).size > size, LONG);
  };

  await t.step("install puts everything in place", async () => {
    const planned = await succeed(...installer, "install", "--dry-run");
    match(planned, /^Would write \/usr\/local\/bin\/teleworkerd \(mode 0755\)$/m);
    equal((await run("test", "-e", "/usr/local/bin/teleworkerd")).code, 1);

    const said = await succeed(...installer, "install");
    match(said, /^Ran systemctl daemon-reload$/m);
    match(said, /systemctl enable --now teleworkerd/);
    equal(await property("LoadState"), "loaded");
    equal(await property("Delegate"), "yes");
    deepEqual(
      ["/usr/local/bin/teleworkerd", "/etc/teleworker", "/etc/teleworker/certs", "/etc/teleworker/teleworkerd.json"]
        .map(modeOf),
      ["755", "755", "700", "644"],
    );
    deepEqual(await Deno.readFile("/usr/local/bin/teleworkerd"), await Deno.readFile(installer[0]));
  });

  await t.step("a second install changes nothing", async () => {
    match(await succeed("/usr/local/bin/teleworkerd", "install"), /^Nothing to change: all is as it should be\n/);
  });

  await t.step("the unit starts, and is ready when it listens", async () => {
    await initAuthority(host.certs);
    await addServer(host.certs, ["localhost"]);
    await addClient(host.certs, "alice");
    for (const name of ["ca.pem", "server.pem", "server-key.pem"]) {
      await Deno.copyFile(`${host.certs}/${name}`, `/etc/teleworker/certs/${name}`);
    }
    await succeed("systemctl", "enable", "--now", "teleworkerd");
    equal(await property("ActiveState"), "active");
    equal(await property("StatusText"), "Listening on https://0.0.0.0:8443");
    deepEqual(["/var/lib/teleworker", "/run/teleworker", "/var/cache/teleworker"].map(modeOf), ["700", "700", "700"]);
  });

  await t.step("a job has the limits that it was given, and nothing of systemd's environment", async () => {
    const script = 'i=0; while [ ! -e "$0" ]; do i=$((i + 1)); echo $i; sleep 0.05; done; exit 7';
    await client("start", "--name", "writer", "--memory", "64M", "--pids", "32", "--", "sh", "-c", script, end);
    const { state, pid: started } = await job();
    equal(state, "running");
    pid = started ?? 0;
    group = (await Deno.readTextFile(`/proc/${pid}/cgroup`)).trim().slice("0::".length);
    const version = Number(/^systemd (\d+)/.exec(await succeed("systemctl", "--version"))?.[1]);
    // Where the unit's own group cannot be had for jobs, see docs/operations.md.
    match(group, version < 254 ? /^\/teleworker\/[^/]+$/ : /^\/system.slice\/teleworkerd.service\/teleworker\/[^/]+$/);
    await livesOn();
    equal(await client("run", "--", "env"), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
    // SIGPIPE, which systemd has services ignore, is signal 13.
    const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(await client("run", "--", "cat", "/proc/self/status"))?.[1];
    equal(BigInt(`0x${ignored}`) & (1n << 12n), 0n);
  });

  await t.step("systemctl restart leaves the job alone", async () => {
    const before = await property("MainPID");
    await succeed("systemctl", "restart", "teleworkerd");
    notEqual(await property("MainPID"), before);
    equal((await job()).state, "running");
    await livesOn();
  });

  await t.step("a daemon that is killed comes back, and the job did not notice", async () => {
    const before = await property("MainPID");
    Deno.kill(Number(before), "SIGKILL");
    await until("there is another daemon", async () => {
      return await property("ActiveState") === "active" && ![before, "0"].includes(await property("MainPID"));
    }, LONG);
    equal((await job()).state, "running");
    await livesOn();
  });

  await t.step("systemctl reload and daemon-reload take nothing away", async () => {
    const before = await property("MainPID");
    await succeed("systemctl", "reload", "teleworkerd");
    await succeed("systemctl", "daemon-reload");
    equal(await property("ActiveState"), "active");
    equal(await property("MainPID"), before);
    await livesOn();
  });

  await t.step("systemctl stop leaves the job running", async () => {
    await succeed("systemctl", "stop", "teleworkerd");
    equal(await property("ActiveState"), "inactive");
    equal(await property("Result"), "success");
    await livesOn();
  });

  await t.step("an upgrade replaces the unit and says what to do", async () => {
    await Deno.writeTextFile("/etc/systemd/system/teleworkerd.service", "[Service]\nExecStart=/bin/false\n");
    await Deno.writeTextFile(
      "/etc/teleworker/teleworkerd.json",
      (await Deno.readTextFile("/etc/teleworker/teleworkerd.json")).trim(),
    );
    const said = await succeed(...installer, "install");
    match(said, /^Replaced \/etc\/systemd\/system\/teleworkerd\.service/m);
    match(said, /^Left as it is \/etc\/teleworker\/teleworkerd\.json$/m);
    match(said, /systemctl restart teleworkerd/);
    equal(await property("KillMode"), "process");
  });

  await t.step("the next start adopts the job and tells how it ends, with no byte missing", async () => {
    await succeed("systemctl", "start", "teleworkerd");
    equal((await job()).state, "running");
    await livesOn();
    await Deno.writeTextFile(end, "");
    equal((await teleworker(host, ["wait", "writer"])).code, 7);
    const lines = (await client("logs", "writer")).trim().split("\n");
    ok(lines.length > 10);
    deepEqual(lines, lines.map((_, index) => String(index + 1)));
  });

  await t.step("uninstall takes away what install brought, and no job", async () => {
    await client("start", "--name", "left", "--", "sleep", "1000");
    const left = jobSchema.parse(JSON.parse(await client("--output", "json", "status", "left"))).pid;
    const said = await succeed("/usr/local/bin/teleworkerd", "uninstall");
    match(said, /^Removed \/usr\/local\/bin\/teleworkerd$/m);
    match(said, /^Left here: \/etc\/teleworker, \/var\/lib\/teleworker, \/var\/cache\/teleworker\.$/m);
    ok((await Deno.readTextFile(`/proc/${left}/cmdline`)).includes("sleep"));
    equal(await property("LoadState"), "not-found");
    for (const path of ["/usr/local/bin/teleworkerd", "/etc/systemd/system/teleworkerd.service"]) {
      equal((await run("test", "-e", path)).code, 1, path);
    }
    equal(modeOf("/etc/teleworker/certs/server-key.pem"), "600");
    match(await succeed(...installer, "uninstall"), /^Nothing to change/);
  });
});
