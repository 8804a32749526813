import { deepEqual, rejects, throws } from "../support/assert.ts";
import { effectiveLimits, type JobLimits } from "../../lib/worker/limits.ts";
import { Worker, WorkerError } from "../../lib/worker/mod.ts";
import { canLimit } from "../support/cgroups.ts";
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

Deno.test("effectiveLimits throttles at a job's memory at the latest, but leaves a contradiction of its user's as it is", () => {
  deepEqual(effectiveLimits({ memoryBytes: 5 }, { memoryHighBytes: 9 }, {}), { memoryBytes: 5, memoryHighBytes: 5 });
  deepEqual(effectiveLimits({ memoryBytes: 9 }, { memoryHighBytes: 5 }, {}), { memoryBytes: 9, memoryHighBytes: 5 });
  deepEqual(effectiveLimits({ memoryBytes: 5 }, {}, { memoryHighBytes: 9 }), { memoryBytes: 5, memoryHighBytes: 5 });
  deepEqual(effectiveLimits({ memoryBytes: 9, memoryHighBytes: 7 }, {}, { memoryBytes: 5 }), {
    memoryBytes: 5,
    memoryHighBytes: 5,
  });
  const contradiction = { memoryBytes: 5, memoryHighBytes: 9 };
  deepEqual(effectiveLimits(contradiction, {}, {}), contradiction);
});

Deno.test("a worker does not open on a host that cannot enforce its default or maximum limits", async () => {
  const cpus = 99_999;
  await using test = await TestWorker.open();
  await test.close();
  const options = { stateFolder: test.state, cgroupRoot: test.cgroupRoot, maxJobs: 1 };
  for (const limits of [{ defaultLimits: { cpus } }, { maxLimits: { cpus } }]) {
    await rejects(
      Worker.open({ ...options, ...limits }),
      /^Error: Cannot give jobs the default and maximum limits on this host: Cannot limit CPU time: /,
    );
  }
});

Deno.test(
  "a worker opens with a default beyond the host below a maximum within it",
  { ignore: !canLimit },
  async () => {
    await using test = await TestWorker.open({ defaultLimits: { cpus: 99_999 }, maxLimits: { cpus: 1 } });
    deepEqual((await test.run(["true"])).limits, { cpus: 1 });
  },
);

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

Deno.test("effectiveLimits: open files, soft and hard → each no more than its maximum", () => {
  const capped = (openFiles: JobLimits["openFiles"], most: JobLimits["openFiles"]) =>
    effectiveLimits(openFiles === undefined ? {} : { openFiles }, {}, most === undefined ? {} : { openFiles: most })
      .openFiles;
  deepEqual(capped({ soft: 50, hard: 90 }, undefined), { soft: 50, hard: 90 });
  deepEqual(capped({ soft: 50, hard: 90 }, 70), { soft: 50, hard: 70 });
  deepEqual(capped({ soft: 50, hard: 90 }, 40), 40);
  deepEqual(capped(60, { soft: 50, hard: 90 }), { soft: 50, hard: 60 });
  deepEqual(capped(30, { soft: 50, hard: 90 }), 30);
  deepEqual(capped(undefined, { soft: 50, hard: 90 }), { soft: 50, hard: 90 });
});
