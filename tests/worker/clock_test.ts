import { deepEqual, equal, ok } from "../support/assert.ts";
import { until } from "../support/until.ts";
import { TestWorker } from "./worker.ts";

/** Only a guest's clock may be set: cgroup-v2-run has a kernel of its own, and a command line that no other has. */
const inGuest = (await Deno.readTextFile("/proc/cmdline")).includes("OVERLAY_MODULE=");
const HOUR = 3600;

async function setClock(secondsSinceEpoch: number): Promise<void> {
  const { success } = await new Deno.Command("date", {
    args: ["-s", `@${Math.floor(secondsSinceEpoch)}`],
    stdout: "null",
  })
    .output();
  ok(success);
}

/** Sets the clock so much forward or back, and at the end to what it would be without. */
class Clock implements AsyncDisposable {
  #moved = 0;

  async move(seconds: number): Promise<void> {
    this.#moved += seconds;
    await setClock(Date.now() / 1000 + seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.move(-this.#moved);
  }
}

for (const jump of [HOUR, -HOUR]) {
  const options = { name: `a clock that jumps by ${jump} s changes no duration (needs the guest)`, ignore: !inGuest };
  Deno.test(options, async () => {
    await using test = await TestWorker.open();
    await using clock = new Clock();
    const { id } = await test.start(["sleep", "1000"]);
    const late = test.run(["sleep", "1000"], { timeoutSeconds: 2 });
    const { createdAt } = test.worker.status(id);
    await clock.move(jump);
    const running = test.worker.status(id).durationSeconds ?? NaN;
    ok(running >= 0 && running < HOUR / 2, `${running}`);
    const stopped = await test.worker.stop(id, { graceSeconds: 0 });
    const duration = stopped.durationSeconds ?? NaN;
    ok(duration >= running && duration < HOUR / 2, `${duration}`);
    // The clock did jump.
    const seen = (Date.parse(stopped.endedAt ?? "") - Date.parse(createdAt)) / 1000;
    ok(Math.abs(seen - jump) < HOUR / 2, `${seen}`);
    const { state, reason, durationSeconds } = await late;
    deepEqual([state, reason], ["signaled", "It ran past its timeout of 2 s"]);
    ok((durationSeconds ?? NaN) < HOUR / 2, `${durationSeconds}`);
  });
}

Deno.test({
  name: "a clock that jumps changes no order of jobs, and nothing is too old by it (needs the guest)",
  ignore: !inGuest,
}, async () => {
  await using test = await TestWorker.open({ keep: { jobs: 2, seconds: HOUR / 2 } });
  await using clock = new Clock();
  const names = async () => (await test.worker.list({ limit: 10 })).jobs.map(({ name }) => name);
  await test.run(["true"], { name: "one" });
  await clock.move(-HOUR);
  await test.run(["true"], { name: "two" });
  await clock.move(-HOUR);
  await test.run(["true"], { name: "three" });
  deepEqual(await names(), ["three", "two", "one"]);
  await clock.move(4 * HOUR);
  await test.close();
  await test.open();
  await until("one is gone", async () => !(await names()).includes("one"));
  // Whatever else was to go would be by the end: what was begun at the same time is waited for.
  await test.close();
  await test.open();
  deepEqual(await names(), ["three", "two"]);
  equal((await test.worker.list({ limit: 10, name: "two" })).jobs[0]?.state, "exited");
});
