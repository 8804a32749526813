import { fileURLToPath } from "node:url";
import { deepEqual, equal, notEqual } from "../support/assert.ts";
import { isAlive, parseStartTime, readBootId, signalProcess } from "../../lib/worker/process.ts";
import { until } from "../support/until.ts";
import { runnersOf, TestWorker } from "./worker.ts";

const MAIN = fileURLToPath(new URL("process_main.ts", import.meta.url));
const DESCRIPTORS = ["sh", "-c", "exec ls /proc/self/fd"];
/** Of `ls`, with the folder that it lists. */
const ONLY_THREE = "0\n1\n2\n3\n";

/** Lets a process that a script of bash starts as `"$@"` run one job, and gives the job's output. */
async function startedBy(test: TestWorker, script: string, job: readonly string[]): Promise<string> {
  await test.close();
  const program = [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", MAIN, test.state, test.cgroupRoot];
  const command = new Deno.Command("bash", { args: ["-c", script, "bash", ...program, ...job] });
  const { success, stdout, stderr } = await command.output();
  equal(success, true, new TextDecoder().decode(stderr));
  await until("the runner has ended", () => runnersOf(test.state).length === 0);
  return new TextDecoder().decode(stdout);
}

Deno.test("a job has the descriptors 0, 1 and 2 and no others", async () => {
  await using test = await TestWorker.open();
  equal(await test.print(DESCRIPTORS), ONLY_THREE);
  equal(await test.shell("readlink /proc/self/fd/0"), "/dev/null\n");
});

Deno.test("a job does not get the descriptors that the daemon was started with", async () => {
  await using test = await TestWorker.open();
  const leak = 'exec 3</dev/null 7</dev/null 9>/dev/null 12</dev/null 255>/dev/null; exec "$@"';
  equal(await startedBy(test, leak, DESCRIPTORS), ONLY_THREE);
  // Nor does what keeps them away add anything of its own.
  const environment = await startedBy(test, leak, ["sh", "-c", "env -u SHLVL -u PWD -u _ env"]);
  equal(environment, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
});

Deno.test("a job does not get the environment, umask and folder of the daemon", async () => {
  await using test = await TestWorker.open();
  const odd = 'export SECRET=hidden; umask 077; cd /tmp; exec "$@"';
  const job = ["sh", "-c", 'echo "${SECRET-none} $(umask) $(pwd)"'];
  equal(await startedBy(test, odd, job), "none 0022 /\n");
});

Deno.test("a job ignores and blocks no signal", async () => {
  await using test = await TestWorker.open();
  const status = await test.print(["cat", "/proc/self/status"]);
  const masks = status.match(/(?<=^Sig(Blk|Ign|Cgt):\s)[0-9a-f]{16}/gm) ?? [];
  // 32 and 33 are the C library's own (signal(7)): no shell can set them, and whoever started us may have left them ignored.
  const own = 0b11n << 31n;
  deepEqual(masks.map((mask) => BigInt(`0x${mask}`) & ~own), [0n, 0n, 0n]);
});

Deno.test("a job does not ignore the signals that the daemon was started to ignore", async () => {
  await using test = await TestWorker.open();
  const ignoring = 'trap "" HUP INT QUIT TERM USR1 CHLD TSTP XFSZ; exec "$@"';
  const status = await startedBy(test, ignoring, ["cat", "/proc/self/status"]);
  equal(/^SigIgn:\s*([0-9a-f]{16})$/m.exec(status)?.[1]?.slice(-7), "0000000");
});

Deno.test("a job has a session and a process group of its own, and no terminal", async () => {
  await using test = await TestWorker.open();
  const stat = await test.print(["cat", "/proc/self/stat"]);
  const [pid = "", rest = ""] = stat.split(" (cat) ");
  const [, , group, session, terminal] = rest.split(" ");
  deepEqual({ group, session, terminal }, { group: pid, session: pid, terminal: "0" });
});

Deno.test("a job is adopted by init or a reaper, not a child of the daemon", async () => {
  await using test = await TestWorker.open();
  const parent = await test.shell("ps -o ppid= -p $$");
  notEqual(Number(parent), Deno.pid);
});

Deno.test("parseStartTime reads field 22, whatever the program is called", () => {
  const fields = "1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 4242 9 9";
  equal(parseStartTime(`7 (sh) S ${fields}`), 4242);
  equal(parseStartTime(`7 (a) R 1 (b c) S ${fields}`), 4242);
  equal(parseStartTime(`7 (sh) Z ${fields}`), null);
  equal(parseStartTime(`7 (sh) Z ${fields.replace("20 0 1", "20 0 2")}`), 4242);
  equal(parseStartTime(`7 (sh) X ${fields}`), null);
  equal(parseStartTime(""), null);
  equal(parseStartTime("7 (sh) S 1 1"), null);
});

Deno.test("isAlive tells a process from a later one of the same number, and from one before the last boot", () => {
  const bootId = readBootId();
  const startTime = parseStartTime(Deno.readTextFileSync("/proc/self/stat")) ?? 0;
  const self = { pid: Deno.pid, startTime, bootId };
  equal(isAlive(self, bootId), true);
  equal(isAlive({ ...self, startTime: startTime - 1 }, bootId), false);
  equal(isAlive({ ...self, bootId: crypto.randomUUID() }, bootId), false);
  equal(isAlive({ ...self, pid: 2 ** 22 + 1 }, bootId), false);
});

Deno.test("signalProcess sends nothing to another process of the same number", async () => {
  const child = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  try {
    const bootId = readBootId();
    const startTime = parseStartTime(await Deno.readTextFile(`/proc/${child.pid}/stat`)) ?? 0;
    equal(signalProcess({ pid: child.pid, startTime: startTime + 1, bootId }, bootId, "SIGKILL"), false);
    equal(signalProcess({ pid: child.pid, startTime, bootId }, bootId, "SIGUSR1"), true);
    equal((await child.status).signal, "SIGUSR1");
    equal(signalProcess({ pid: child.pid, startTime, bootId }, bootId, "SIGUSR1"), false);
  } finally {
    if (isAliveStill(child.pid)) child.kill("SIGKILL");
    await child.status;
  }
});

function isAliveStill(pid: number): boolean {
  try {
    return parseStartTime(Deno.readTextFileSync(`/proc/${pid}/stat`)) !== null;
  } catch {
    return false;
  }
}
