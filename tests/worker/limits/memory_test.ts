import { deepEqual, ok } from "../../support/assert.ts";
import type { Limits } from "../../../lib/cgroup/mod.ts";
import { until } from "../../support/until.ts";
import { limitTest, MIB } from "./job.ts";

// Its buffer is its memory.
const take = (mebibytes: number) => ["dd", "if=/dev/zero", "of=/dev/null", `bs=${mebibytes}M`, "count=1"];

await limitTest("--memory 64M kills a program that takes 200 MiB, and the state says so", {
  limits: { memoryBytes: 64 * MIB },
}, async ({ test }) => {
  const job = await test.run(take(200), { limits: { memoryBytes: 64 * MIB } });
  deepEqual([job.state, job.signal, job.exitCode, job.outOfMemory], ["signaled", "SIGKILL", null, true]);
  const peak = job.usage.memoryPeakBytes;
  ok(peak === null || (peak > 48 * MIB && peak <= 64 * MIB), `${peak}`);
  ok((job.usage.outOfMemoryKills ?? 0) > 0);
});

await limitTest("--memory 64M lets a program have 32 MiB", { limits: { memoryBytes: 64 * MIB } }, async ({ test }) => {
  const job = await test.run(take(32), { limits: { memoryBytes: 64 * MIB } });
  deepEqual([job.state, job.exitCode, job.outOfMemory], ["exited", 0, false]);
});

const CHILD = ["sh", "-c", `${take(200).join(" ")}; echo "$?"; exit 5`];

await limitTest("--memory ends all of a job at once on v2", {
  version: 2,
  limits: { memoryBytes: 64 * MIB },
}, async ({ test }) => {
  const job = await test.run(CHILD, { limits: { memoryBytes: 64 * MIB } });
  deepEqual([job.state, job.signal, job.outOfMemory], ["signaled", "SIGKILL", true]);
});

await limitTest("--memory ends the process that took it on v1, and the job goes on, which says so", {
  version: 1,
  limits: { memoryBytes: 64 * MIB },
}, async ({ test }) => {
  const job = await test.run(CHILD, { limits: { memoryBytes: 64 * MIB } });
  deepEqual([job.state, job.exitCode, job.outOfMemory, await test.text(job.id)], ["exited", 5, true, "137\n"]);
});

await limitTest("--memory counts the processes of a job together", {
  limits: { memoryBytes: 64 * MIB },
}, async ({ test }) => {
  // Each keeps its buffer; one alone would fit.
  const keep = "head -c 40M /dev/zero | tail -c 40M | { sleep 1000; cat; } >/dev/null &";
  const { id } = await test.start(["sh", "-c", `${keep} ${keep} wait`], { limits: { memoryBytes: 64 * MIB } });
  await until("one is too much", () => test.worker.status(id).outOfMemory);
});

await limitTest("--memory-high keeps a job near it and does not kill it", {
  disk: true,
  limits: { memoryHighBytes: 8 * MIB },
}, async ({ test, folder }) => {
  const read = async (file: string, limits: Limits) => {
    // Past the page cache, which is then the reader's.
    const write = ["if=/dev/zero", `of=${folder}/${file}`, "bs=1M", "count=32", "oflag=direct"];
    await new Deno.Command("dd", { args: write, stderr: "null" }).output();
    return await test.run(["dd", `if=${folder}/${file}`, "of=/dev/null", "bs=64K"], { limits });
  };
  const free = await read("free", {});
  const held = await read("held", { memoryHighBytes: 8 * MIB });
  deepEqual([free.exitCode, held.exitCode, held.outOfMemory], [0, 0, false]);
  const [most, least] = [free.usage.memoryPeakBytes ?? Infinity, held.usage.memoryPeakBytes ?? 0];
  ok(most > 32 * MIB, `${most} without`);
  ok(least < 16 * MIB, `${least}`);
});
