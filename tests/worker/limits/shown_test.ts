import { deepEqual, equal, rejects } from "../../support/assert.ts";
import type { Limits } from "../../../lib/cgroup/mod.ts";
import { WorkerError } from "../../../lib/worker/mod.ts";
import { limitTest, MIB } from "./job.ts";

await limitTest("status shows limits as the kernel holds them", {
  limits: { cpus: 1, memoryBytes: 1, pids: 1 },
}, async ({ test }) => {
  // Memory comes in whole pages, CPU time in whole microseconds of each tenth of a second.
  const limits = { cpus: 0.123456, memoryBytes: 64 * MIB + 1, pids: 50 };
  const { id } = await test.start(["sleep", "1000"], { limits });
  deepEqual(test.worker.status(id).limits, { cpus: 0.12346, memoryBytes: 64 * MIB, pids: 50 });
  const ended = await test.worker.stop(id, { graceSeconds: 0 });
  deepEqual(ended.limits, limits);
});

await limitTest(
  "status shows every limit that this host can enforce, also after the next start",
  {},
  async ({ test, cgroups }) => {
    const all: Limits = {
      cpus: 0.5,
      cpuWeight: 300,
      memoryBytes: 64 * MIB,
      memoryHighBytes: 48 * MIB,
      pids: 50,
      readBytesPerSecond: MIB,
      writeBytesPerSecond: 2 * MIB,
      readOperationsPerSecond: 100,
      writeOperationsPerSecond: 200,
      ioWeight: 50,
    };
    const limits: Limits = Object.fromEntries(
      Object.entries(all).filter(([name, value]) => cgroups.unenforceable({ [name]: value }).length === 0),
    );
    const { id } = await test.start(["sleep", "1000"], { limits });
    deepEqual(test.worker.status(id).limits, limits);
    await test.close();
    await test.open();
    deepEqual(test.worker.status(id).limits, limits);
  },
);

await limitTest(
  "a limit that this host cannot enforce is refused before anything starts",
  {},
  async ({ test, cgroups }) => {
    const wishes: Limits[] = [
      { cpus: 99_999 },
      { memoryBytes: 2 ** 50 },
      { memoryHighBytes: 2 ** 50 },
      { pids: 4_000_000 },
      { readBytesPerSecond: { "no-such-disk": MIB } },
      { writeOperationsPerSecond: { "/proc": 10 } },
    ];
    for (const limits of wishes) {
      const [reason] = cgroups.unenforceable(limits);
      await rejects(
        () => test.start(["true"], { limits }),
        (error) =>
          error instanceof WorkerError && error.refusal === "unsupported" && error.message.endsWith(reason ?? "?"),
        JSON.stringify(limits),
      );
    }
    deepEqual(cgroups.list(), []);
    equal((await test.worker.list({ limit: 10 })).jobs.length, 0);
  },
);
