import { deepEqual, equal, ok } from "../../support/assert.ts";
import { parseUsage, type Usage } from "../../../lib/cgroup/mod.ts";
import { until } from "../../support/until.ts";
import { limitTest, MIB, ready } from "./job.ts";

/** What this kernel tells of a group. */
const telling = (usage: Usage) => Object.entries(usage).filter(([, value]) => value !== null).map(([name]) => name);

await limitTest("usage is live, and a record of it is kept after the end and the next start", {
  disk: true,
}, async ({ test, folder }) => {
  const script = `dd if=/dev/zero of=${folder}/file bs=64K count=16 oflag=direct 2>/dev/null
    dd if=${folder}/file of=/dev/null bs=64K iflag=direct 2>/dev/null
    i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done
    head -c 20M /dev/zero | tail -c 20M | { sleep 1000; cat; } >/dev/null & sleep 1000 & echo ready; wait`;
  const started = await test.start(["sh", "-c", script]);
  await ready(test, started.id);
  const live = (): Usage => test.worker.status(started.id).usage;
  await until("it has its memory", () => (live().memoryBytes ?? Infinity) > 20 * MIB);
  const usage = live();
  ok((usage.cpuSeconds ?? 1) > 0);
  ok((usage.memoryPeakBytes ?? Infinity) >= 20 * MIB);
  ok((usage.readBytes ?? Infinity) >= MIB && (usage.writtenBytes ?? Infinity) >= MIB);
  ok((usage.readOperations ?? Infinity) >= 16 && (usage.writeOperations ?? Infinity) >= 16);
  equal(usage.outOfMemoryKills, 0);
  // sh, sleep, tail, and a shell that sleeps in a child of its own.
  await until("the rest has ended", () => live().processes === 5);
  ok((usage.processesPeak ?? 5) >= 5);

  const ended = await test.worker.stop(started.id, { graceSeconds: 0 });
  deepEqual([ended.usage.memoryBytes, ended.usage.processes], [null, null]);
  const final = { ...ended.usage, memoryBytes: 0, processes: 0 };
  deepEqual(telling(final), telling(usage));
  for (const [name, value] of Object.entries(final)) {
    if (name !== "memoryBytes" && name !== "processes") ok((value ?? 0) >= (Object(usage)[name] ?? 0), name);
  }
  await test.close();
  await test.open();
  deepEqual(test.worker.status(started.id).usage, ended.usage);
});

await limitTest("usage has CPU time in the kernel and outside of it, which add up", {}, async ({ test }) => {
  const { usage } = await test.run(["dd", "if=/dev/zero", "of=/dev/null", "bs=4K", "count=50000"]);
  const { cpuSeconds, cpuUserSeconds, cpuSystemSeconds } = usage;
  ok((cpuSeconds ?? 1) > 0);
  // On v1 the parts are counted in ticks of 10 ms, each by itself.
  const sum = (cpuUserSeconds ?? 0) + (cpuSystemSeconds ?? 0);
  ok(Math.abs(sum - (cpuSeconds ?? 0)) < 0.05 + 0.3 * sum, JSON.stringify(usage));
});

await limitTest(
  "a job that used nothing to speak of has a usage of its own, not its runner's",
  {},
  async ({ test }) => {
    const { usage } = await test.run(["true"]);
    ok((usage.memoryPeakBytes ?? 0) < 16 * MIB, `${usage.memoryPeakBytes}`);
    deepEqual([usage.outOfMemoryKills ?? 0, usage.cpuThrottledSeconds ?? 0], [0, 0]);
    ok([null, 1, 2].includes(usage.processesPeak), `${usage.processesPeak}`);
  },
);

await limitTest("a job that could not be started has no usage", {}, async ({ test }) => {
  const job = await test.run(["no-such-program"]);
  deepEqual([job.state, job.usage], ["failed", parseUsage({})]);
});
