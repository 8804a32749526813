import { join } from "node:path";
import { deepEqual, equal, ok } from "../support/assert.ts";
import type { Case } from "../faults/support/suite.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";

const SECRET = `secret-${crypto.randomUUID()}`;
const root = Deno.uid() === 0;

/**
 * Looks for everything that it should not see, a line for each thing found; "looked" is the last. Its descriptors are listed by the
 * shell itself, since a pipeline to another program is a descriptor of the shell's for a moment.
 */
const SPY = `
for file in "$@"; do
  { cat "$file" >/dev/null || ls "$file"/ >/dev/null || (: >>"$file"); } 2>/dev/null && echo "opened $file"
done
for process in /proc/[0-9]*; do
  [ "$process" = "/proc/$$" ] && continue
  grep -qs "$SECRET_NAME" "$process/environ" 2>/dev/null && echo "saw the environment of $process"
done
grep -aqs TELEWORKER_ /proc/$$/environ && echo "has a variable of the runner's"
for descriptor in /proc/$$/fd/*; do
  case $descriptor in */[012]) continue ;; esac
  [ -e "$descriptor" ] && ls -l "$descriptor"
done
grep -qs "^CapEff:.*[1-9a-f]" /proc/$$/status && echo "has capabilities"
echo looked`;

/** A job of an account of its own. */
export const jobSecrets: Case = {
  name: "a job of an account of its own reads no secret of the daemon's, nor of another job",
  impossible: root ? null : "only root can change users",
  run: async () => {
    await using daemon = await Daemon.start();
    using alice = await Https.as(daemon, "alice");
    using bob = await Https.as(daemon, "bob");
    // Of root, whose environment nobody may read; it is told by its name, which stands in no other.
    const other = await bob.start({ command: "sleep", args: ["1000"], env: { SECRET_OF_BOB: SECRET } });
    const folder = join(daemon.state, "jobs", other.id);
    const files = [
      ...[daemon.state, daemon.certs, daemon.socket, folder, join(daemon.state, "output")],
      ...["server-key.pem", "ca-key.pem", "client-root-key.pem"].map((file) => join(daemon.certs, file)),
      ...["spec.json", "runner.json", "started.json", "stdout.fifo", "stderr.fifo"].map((file) => join(folder, file)),
      ...["stdout", "stderr"].map((stream) => join(daemon.state, "output", `${other.id}.${stream}`)),
      ...[daemon.pid, other.pid].flatMap((pid) =>
        ["environ", "fd", "maps", "mem", "cwd", "root"].map((file) => `/proc/${pid}/${file}`)
      ),
      ...groupsOf(other.pid),
    ];
    for (const file of files) ok(await Deno.lstat(file).catch(() => null), `There is no ${file} to be looked for`);
    const env = { SECRET_NAME: "SECRET_OF_BOB" };
    const job = await alice.start({ command: "sh", args: ["-c", SPY, "sh", ...files], env, user: "nobody" });
    const { state, exitCode, reason } = await alice.wait(job.id);
    deepEqual({ state, exitCode, reason }, { state: "exited", exitCode: 0, reason: null });
    equal(await (await alice.send("GET", `/v1/jobs/${job.id}/stdout`)).text(), "looked\n");
    ok(!(await (await alice.send("GET", `/v1/jobs/${other.id}`)).text()).includes(SECRET));
    await (await bob.send("POST", `/v1/jobs/${other.id}/stop`, { graceSeconds: 0 })).body?.cancel();
    await bob.wait(other.id);
    for (const path of [`/v1/jobs/${other.id}`, "/v1/jobs"]) {
      ok(!(await (await bob.send("GET", path)).text()).includes(SECRET));
    }
    ok(!daemon.log.includes(SECRET));
    await nowhereIn(daemon.state);
  },
};

/** The files by which a process's groups are changed. */
function groupsOf(pid: number | null): string[] {
  const mounts = Deno.readTextFileSync("/proc/self/mountinfo").split("\n").map((line) => line.split(" "))
    .filter((fields) => fields.some((field) => field === "cgroup" || field === "cgroup2"));
  return Deno.readTextFileSync(`/proc/${pid}/cgroup`).split("\n").flatMap((line) => {
    const [, controllers = "", path = ""] = line.split(":");
    if (!path.includes("tw-test-")) return [];
    const mount = mounts.find((fields) => fields.at(-1)?.split(",").includes(controllers.split(",")[0] ?? ""));
    return mount?.[4] === undefined ? [] : [join(mount[4], path, "cgroup.procs")];
  });
}

/** Values of an environment are never written to the disk. */
async function nowhereIn(folder: string): Promise<void> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) await nowhereIn(path);
    else if (isFile) ok(!(await textOf(path)).includes(SECRET), `${path} has a job's secret`);
  }
}

/** Of a file that a runner, which tidies up once it has told the end, may just have removed. */
async function textOf(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
