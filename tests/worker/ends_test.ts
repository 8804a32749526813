import { join } from "node:path";
import { deepEqual, equal } from "../support/assert.ts";
import { ageOf, type End, newestFirst } from "../../lib/worker/ends.ts";
import { TestWorker } from "./worker.ts";

const end = (sequence: number, bootId: string, uptime: number, at = 0): End => ({ sequence, bootId, uptime, at });
const order = (ends: readonly End[], thisBoot = "this") => newestFirst(ends, thisBoot).map(({ sequence }) => sequence);

Deno.test("newestFirst goes by the uptime within a boot, whatever the clock said", () => {
  deepEqual(order([end(1, "this", 50, 9e12), end(2, "this", 30, 0), end(3, "this", 40, 5e12)]), [1, 3, 2]);
  deepEqual(order([end(1, "this", 30), end(2, "this", 30)]), [2, 1]);
});

Deno.test("newestFirst puts boots in the order of the jobs that ended in them, this one last", () => {
  const ends = [end(1, "a", 500), end(4, "a", 10), end(5, "b", 3), end(2, "b", 900), end(3, "this", 1)];
  deepEqual(order(ends), [3, 2, 5, 1, 4]);
  deepEqual(order(ends.toReversed()), [3, 2, 5, 1, 4]);
  deepEqual(order(ends, "c"), [2, 5, 1, 4, 3]);
});

Deno.test("ageOf goes by the uptime in this boot, by the clock since an earlier one or an end without uptime", () => {
  const now = { bootId: "this", uptime: 100, at: 3_600_000 };
  equal(ageOf(end(1, "this", 40, 9e12), now), 60);
  equal(ageOf(end(1, "before", 90, 1_800_000), now), 1800);
  equal(ageOf(end(1, "this", Infinity, 3_000_000), now), 600);
});

Deno.test("records of ends name the boot and the uptime; older ones without are read", async () => {
  await using test = await TestWorker.open();
  const boot = (await Deno.readTextFile("/proc/sys/kernel/random/boot_id")).trim();
  const { id } = await test.run(["true"]);
  const failed = await test.run(["/no/such"]);
  const path = (id: string) => join(test.state, "jobs", id, "ended.json");
  for (const job of [id, failed.id]) {
    const { bootId, uptime } = JSON.parse(await Deno.readTextFile(path(job)));
    deepEqual([bootId, typeof uptime], [boot, "number"]);
  }
  const shown = test.worker.status(id);
  await test.close();
  const { bootId: _, ...older } = JSON.parse(await Deno.readTextFile(path(id)));
  await Deno.writeTextFile(path(id), JSON.stringify(older));
  await test.open();
  deepEqual({ ...test.worker.status(id), endedAt: null }, { ...shown, endedAt: null });
  deepEqual([failed.durationSeconds, failed.state], [null, "failed"]);
});
