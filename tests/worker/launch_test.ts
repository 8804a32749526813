import { deepEqual, equal, ok } from "../support/assert.ts";
import { canLimit } from "../support/cgroups.ts";
import { until } from "../support/until.ts";
import { runnersOf, TestWorker } from "./worker.ts";

// Only root can become somebody else, and only a cgroup makes a launch slow enough to be met on its way.
const ignore = Deno.uid() !== 0 || !canLimit;

/** A job whose launch has become another account, and was stopped there as any process of that account can stop it. */
async function stopLaunch(test: TestWorker, words = ["true"], cpus = 0.01) {
  const env = Object.fromEntries(Array.from({ length: 2000 }, (_, number) => [`V${number}`, "x"]));
  const started = test.start(words, { user: "nobody", env, limits: { cpus } });
  const pid = await until("the launch is the account's", () => runnersOf(test.state).find(isLaunch));
  Deno.kill(pid, "SIGSTOP");
  const [job] = (await test.worker.list({ limit: 1 })).jobs;
  ok(job);
  return { pid, id: job.id, started };
}

function isLaunch(pid: number): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).startsWith("/bin/sh\0/proc/self/fd/");
  } catch {
    // It has ended.
    return false;
  }
}

/** What a process may write to, by its descriptors. */
function writableBy(pid: number): string[] {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) => {
    const flags = /^flags:\s*([0-7]+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/fdinfo/${name}`))?.[1] ?? "";
    return (parseInt(flags, 8) & 3) === 0 ? [] : [Deno.readLinkSync(`/proc/${pid}/fd/${name}`).replace(/.*\//, "")];
  }).sort();
}

Deno.test({
  name:
    "a launch that has become another account has no file of ours to write to, nor a pipe that the runner waits for",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const { pid, started } = await stopLaunch(test);
    const writable = [...new Set(writableBy(pid))].map((file) => file.replace(/^pipe:.*/, "the daemon's pipe"));
    deepEqual(writable, ["null", "the daemon's pipe", "stderr.fifo", "stdout.fifo"]);
    // As by pidfd_getfd(2), for another process of the account.
    using _taken = await Deno.open(`/proc/${pid}/fd/5`, { write: true });
    Deno.kill(pid, "SIGKILL");
    const { state, signal } = await started;
    deepEqual([state, signal], ["signaled", "SIGKILL"]);
  },
});

/**
 * Another process of the account: takes the descriptor of the launch's steps (pidfd_open(2), pidfd_getfd(2)), says so, and once it is told
 * to, moves it back to its beginning and writes to it.
 */
const THIEF = `
  my $process = syscall(434, $ARGV[0] + 0, 0);
  my $descriptor = syscall(438, $process, 6, 0);
  open(my $steps, "<&=", $descriptor) or die "cannot take it: $!";
  $| = 1;
  print "taken\n";
  <STDIN>;
  sysseek($steps, 0, 0);
  for my $path ("/proc/self/fd/$descriptor", "/proc/$ARGV[0]/fd/6") {
    open(my $back, ">", $path) and syswrite($back, "cgroup\n");
  }
  print "moved\n";
  <STDIN>;`;

Deno.test({
  name: "Launch: its account's other process takes the steps → job keeps its end",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    await Deno.chmod(test.folder, 0o755);
    const go = `${test.folder}/go`;
    await new Deno.Command("mkfifo", { args: ["-m", "666", go] }).output();
    const script = `echo said >&2; read -r code <${go}; exit $code`;
    for (const code of [0, 3]) {
      const { pid, id, started } = await stopLaunch(test, ["sh", "-c", script], 0.05);
      const args = ["--reuid=65534", "--regid=65534", "--clear-groups", "perl", "-e", THIEF, String(pid)];
      await using thief = new Deno.Command("setpriv", { args, stdin: "piped", stdout: "piped" }).spawn();
      const writer = thief.stdin.getWriter();
      const lines = thief.stdout.pipeThrough(new TextDecoderStream()).values();
      equal((await lines.next()).value, "taken\n");
      Deno.kill(pid, "SIGCONT");
      await started;
      await until("it runs", async () => await test.text(id, "stderr") === "said\n");
      await writer.write(new TextEncoder().encode("go\n"));
      equal((await lines.next()).value, "moved\n");
      await Deno.writeTextFile(go, `${code}\n`);
      const { state, exitCode, reason } = await test.worker.wait(id);
      deepEqual([state, exitCode, reason], ["exited", code, null]);
      equal(await test.text(id, "stderr"), "said\n");
      await writer.close();
      await thief.status;
      await lines.return?.();
    }
  },
});

Deno.test({
  name: "a launch that another process of its account has stopped can be stopped by its user",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const { id, started } = await stopLaunch(test);
    equal((await test.worker.stop(id, { graceSeconds: 0 })).state, "stopped");
    equal((await started).state, "stopped");
  },
});

Deno.test("a job's last line takes no memory of its runner, however long it is", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sh", "-c", "head -c 100000000 /dev/zero | tr '\\0' x >&2; exit 127"]);
  let ended = false;
  const end = test.worker.wait(id).finally(() => ended = true);
  let most = 0;
  while (!ended) {
    for (const pid of runnersOf(test.state, id)) most = Math.max(most, peakOf(pid));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  equal((await end).exitCode, 127);
  ok(most > 0 && most < 32 * 1024, `The runner took ${most} KiB`);
});

/** The most memory that a process had, in KiB; 0 when it has gone. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
