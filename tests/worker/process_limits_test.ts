import { deepEqual, equal, match } from "../support/assert.ts";
import { limitsSchema } from "../../lib/contract/mod.ts";
import { parseProcessLimits, prlimitOptions } from "../../lib/worker/process_limits.ts";
import { until } from "../support/until.ts";
import { TestWorker } from "./worker.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

Deno.test("a process past its CPU seconds gets SIGXCPU", async () => {
  await using test = await TestWorker.open();
  const job = await test.run(["sh", "-c", "while :; do :; done"], { limits: { cpuTimeSeconds: 1 } });
  deepEqual([job.state, job.signal], ["signaled", "SIGXCPU"]);
});

Deno.test("a process that ignores SIGXCPU is killed soon after", async () => {
  await using test = await TestWorker.open();
  const job = await test.run(["sh", "-c", "trap '' XCPU; while :; do :; done"], { limits: { cpuTimeSeconds: 1 } });
  deepEqual([job.state, job.signal], ["signaled", "SIGKILL"]);
});

Deno.test("a process that writes past its file size gets SIGXFSZ", async () => {
  await using test = await TestWorker.open();
  const file = `${test.folder}/large`;
  const job = await test.run(["sh", "-c", `exec head -c ${MIB} /dev/zero >'${file}'`], {
    limits: { fileSizeBytes: 64 * KIB },
  });
  deepEqual([job.state, job.signal], ["signaled", "SIGXFSZ"]);
  equal((await Deno.stat(file)).size, 64 * KIB);
});

Deno.test("a file size limits no output", async () => {
  await using test = await TestWorker.open();
  const job = await test.run(["head", "-c", String(MIB), "/dev/zero"], { limits: { fileSizeBytes: KIB } });
  deepEqual([job.state, job.exitCode], ["exited", 0]);
  equal((await test.text(job.id)).length, MIB);
});

Deno.test("the least number of open files that may be asked for lets a program run", async () => {
  await using test = await TestWorker.open();
  const least = 20;
  deepEqual([least - 1, least].map((openFiles) => limitsSchema.safeParse({ openFiles }).success), [false, true]);
  equal(await test.shell("ulimit -n", { limits: { openFiles: least } }), `${least}\n`);
});

Deno.test("a process cannot have more address space than it may", async () => {
  await using test = await TestWorker.open();
  const job = await test.run(["dd", "if=/dev/zero", "of=/dev/null", "bs=256M", "count=1"], {
    limits: { addressSpaceBytes: 64 * MIB },
  });
  deepEqual([job.state, job.exitCode], ["exited", 1]);
  match(await test.text(job.id, "stderr"), /memory/);
});

Deno.test("the limits of a process are in force when its program begins, soft and hard", async () => {
  await using test = await TestWorker.open();
  const limits = {
    cpuTimeSeconds: 60,
    addressSpaceBytes: 512 * MIB,
    fileSizeBytes: 2 * MIB,
    openFiles: 33,
    coreBytes: 0,
  };
  const text = await test.print(["cat", "/proc/self/limits"], { limits });
  deepEqual(parseProcessLimits(text, limits), limits);
  match(text, /Max cpu time +60 +61 /);
  match(text, /Max open files +33 +33 /);
});

Deno.test("status shows the limits of a process as the kernel holds them", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sleep", "1000"], { limits: { openFiles: 33, coreBytes: 0 } });
  await until("the limits are in force", () => test.worker.status(id).limits.openFiles === 33);
  equal(test.worker.status(id).limits.coreBytes, 0);
});

Deno.test("Address space: the least that may be asked for → failed, naming limit, value and cure", async () => {
  await using test = await TestWorker.open();
  const least = MIB;
  deepEqual(
    [least - 1, least].map((addressSpaceBytes) => limitsSchema.safeParse({ addressSpaceBytes }).success),
    [false, true],
  );
  const job = await test.run(["true"], { limits: { addressSpaceBytes: least, openFiles: { soft: 33, hard: 44 } } });
  deepEqual([job.state, job.reason], [
    "failed",
    'Cannot start "true": its limits (address space 1048576, open files 33:44) could not be set: ' +
    "1048576 bytes of address space may be too few for a program to start; ask for more",
  ]);
  equal(await test.text(job.id, "stderr"), "");
});

Deno.test("prlimitOptions gives an option for each limit, and none for none", () => {
  deepEqual(prlimitOptions({}), []);
  deepEqual(prlimitOptions({ cpuTimeSeconds: 5, coreBytes: 0, openFiles: 64 }), [
    "--cpu=5:6",
    "--nofile=64",
    "--core=0",
  ]);
});

Deno.test("parseProcessLimits reads what was asked for and no more, unlimited included", () => {
  const text = [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    "Max cpu time              unlimited            unlimited            seconds   ",
    "Max file size             18446744073709551615 unlimited            bytes     ",
    "Max open files            1024                 524288               files     ",
  ].join("\n");
  deepEqual(parseProcessLimits(text, { cpuTimeSeconds: 1, openFiles: 1 }), { openFiles: 1024 });
  deepEqual(parseProcessLimits("", { openFiles: 1 }), {});
});

Deno.test("Open files: a soft and a hard limit → in force, and shown by status while it runs and after", async () => {
  await using test = await TestWorker.open();
  const openFiles = { soft: 33, hard: 44 };
  const { id } = await test.start(["sh", "-c", "ulimit -S -n; ulimit -H -n; exec sleep 1000"], {
    limits: { openFiles },
  });
  await test.printed(id, "33\n44\n");
  deepEqual(test.worker.status(id).limits, { openFiles });
  await test.worker.stop(id, { graceSeconds: 0 });
  await test.close();
  await test.open();
  deepEqual(test.worker.status(id).limits, { openFiles });
});

Deno.test("prlimitOptions: a soft and a hard limit of open files → both", () => {
  deepEqual(prlimitOptions({ openFiles: { soft: 64, hard: 128 } }), ["--nofile=64:128"]);
});

Deno.test("parseProcessLimits: asked for a soft and a hard limit → both", () => {
  const text = "Max open files            1024                 524288               files     ";
  deepEqual(parseProcessLimits(text, { openFiles: { soft: 1, hard: 1 } }), {
    openFiles: { soft: 1024, hard: 524_288 },
  });
});
