import { deepEqual, equal } from "../support/assert.ts";
import { type Privilege, readPrivilege, unsettable } from "../../lib/worker/hard_limits.ts";
import { prefixFailure } from "../../lib/worker/prefix_failure.ts";
import { TestWorker } from "./worker.ts";

const LIMITS = [
  "Limit                     Soft Limit           Hard Limit           Units     ",
  "Max cpu time              unlimited            60                   seconds   ",
  "Max file size             unlimited            4096                 bytes     ",
  "Max core file size        0                    unlimited            bytes     ",
  "Max open files            1024                 4000                 files     ",
  "Max address space         unlimited            unlimited            bytes     ",
].join("\n");

function privilege(raises: boolean): () => Privilege {
  return () => ({ limits: LIMITS, raises, mostOpenFiles: 1_048_576 });
}

function refusal(what: string, most: number, directive: string): string {
  return `Cannot limit ${what}: the daemon may set at most ${most}, its own hard limit, which it may not raise without ` +
    `CAP_SYS_RESOURCE; ask for less, or start the daemon with more (${directive}= in its unit)`;
}

Deno.test("Limits of processes: above the daemon's hard ones → each refused with the cure", () => {
  const above = { cpuTimeSeconds: 60, fileSizeBytes: 4097, openFiles: { soft: 1, hard: 4001 } };
  deepEqual(unsettable({ ...above, coreBytes: 2 ** 40, addressSpaceBytes: 2 ** 50 }, privilege(false)), [
    refusal("CPU time of processes to 60", 59, "LimitCPU"),
    refusal("size of files to 4097", 4096, "LimitFSIZE"),
    refusal("open files to 4001", 4000, "LimitNOFILE"),
  ]);
  deepEqual(unsettable({ cpuTimeSeconds: 59, fileSizeBytes: 4096, openFiles: 4000 }, privilege(false)), []);
  deepEqual(unsettable({}, privilege(false)), []);
});

Deno.test("Limits of processes: a daemon that may raise them → only fs.nr_open is in the way", () => {
  deepEqual(unsettable({ cpuTimeSeconds: 600, openFiles: 1_048_576 }, privilege(true)), []);
  deepEqual(unsettable({ openFiles: 1_048_577 }, privilege(true)), [
    "Cannot limit open files to 1048577: this host allows at most 1048576; ask for less, or raise fs.nr_open by sysctl",
  ]);
});

Deno.test("readPrivilege: this process → raises just where prlimit(1) does", async () => {
  const { raises, limits } = readPrivilege();
  const [, hard = "0"] = /^Max open files +\d+ +(\d+)/m.exec(limits) ?? [];
  const script = `ulimit -n 100 && exec prlimit --nofile=101 true`;
  const { success } = await new Deno.Command("sh", { args: ["-c", script], stderr: "null" }).output();
  deepEqual([raises, Number(hard) > 100], [success, true]);
});

Deno.test("Limits of processes: more open files than any host has → refused, nothing started", async () => {
  await using test = await TestWorker.open();
  const openFiles = Number(await Deno.readTextFile("/proc/sys/fs/nr_open")) + 1;
  const refused = await test.start(["true"], { limits: { openFiles } }).then(() => "", (error) => String(error));
  equal(refused.startsWith(`WorkerError: Cannot limit open files to ${openFiles}: this host allows at most`), true);
  deepEqual((await test.worker.list({ limit: 10 })).jobs, []);
});

Deno.test("prefixFailure: a user, limits, both → what was tried", () => {
  equal(prefixFailure({ limits: {}, user: "nobody" }), 'its user "nobody" could not be set');
  equal(prefixFailure({ limits: { coreBytes: 0, pids: 5 }, user: null }), "its limits (core dumps 0) could not be set");
  equal(
    prefixFailure({ limits: { cpuTimeSeconds: 5, fileSizeBytes: 9, openFiles: 64 }, user: "nobody" }),
    'its limits (CPU time 5, size of files 9, open files 64) or its user "nobody" could not be set',
  );
});
