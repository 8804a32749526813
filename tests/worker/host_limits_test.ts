import { deepEqual, throws } from "node:assert/strict";
import { effectiveLimits } from "../../lib/worker/limits.ts";
import { WorkerError } from "../../lib/worker/mod.ts";
import { TestWorker } from "./worker.ts";

Deno.test("effectiveLimits takes the default for what was not asked for", () => {
  deepEqual(effectiveLimits({ pids: 5 }, { pids: 9, openFiles: 64 }, {}), { pids: 5, openFiles: 64 });
});

Deno.test("effectiveLimits gives no more than the maximum, of a default neither, and that to who asked for nothing", () => {
  deepEqual(effectiveLimits({ pids: 50 }, {}, { pids: 9 }), { pids: 9 });
  deepEqual(effectiveLimits({ pids: 5 }, {}, { pids: 9 }), { pids: 5 });
  deepEqual(effectiveLimits({}, { pids: 50 }, { pids: 9 }), { pids: 9 });
  deepEqual(effectiveLimits({}, {}, { coreBytes: 0 }), { coreBytes: 0 });
});

Deno.test("effectiveLimits refuses single disks where there is a maximum for all", () => {
  const asked = { writeBytesPerSecond: { sda: 1 } };
  deepEqual(effectiveLimits(asked, {}, {}), asked);
  throws(
    () => effectiveLimits(asked, {}, { writeBytesPerSecond: 9 }),
    (error) => error instanceof WorkerError && error.refusal === "unsupported",
  );
});

Deno.test("a worker's defaults and maxima are in force in its jobs, and shown", async () => {
  await using test = await TestWorker.open({
    defaultLimits: { openFiles: 40 },
    maxLimits: { openFiles: 50, coreBytes: 0 },
  });
  const limitsOf = async (limits = {}) => {
    const job = await test.run(["sh", "-c", "ulimit -n; ulimit -c"], { limits });
    return [await test.text(job.id), job.limits];
  };
  deepEqual(await limitsOf(), ["40\n0\n", { openFiles: 40, coreBytes: 0 }]);
  deepEqual(await limitsOf({ openFiles: 45 }), ["45\n0\n", { openFiles: 45, coreBytes: 0 }]);
  deepEqual(await limitsOf({ openFiles: 99, coreBytes: 99 }), ["50\n0\n", { openFiles: 50, coreBytes: 0 }]);
});
