import { deepEqual, equal, ok, rejects, throws } from "../support/assert.ts";
import { Wakeups } from "../../lib/output/mod.ts";
import { leaveLongWords } from "../../lib/worker/long_words.ts";
import { specSchema } from "../../lib/worker/records.ts";
import { Registry } from "../../lib/worker/registry.ts";
import { openStateFolder } from "../../lib/worker/state_folder.ts";
import { TestWorker } from "./worker.ts";

const LONG = Array.from({ length: 100 }, (_, number) => `${number}`.repeat(1000));
const ENV = Object.fromEntries(
  Array.from({ length: 1000 }, (_, number) => [`A_VARIABLE_WITH_THE_NUMBER_${number}`, ""]),
);

Deno.test("long arguments and environments are told as they were, by this worker and the next, until the job is removed", async () => {
  await using test = await TestWorker.open();
  const [args, env] = [["-c", "exec sleep 1000", ...LONG], ENV];
  const { id } = await test.start(["sh", ...args], { env });
  const short = await test.run(["true", "short"]);
  const told = async () => {
    const job = test.worker.status(id);
    deepEqual([job.args, job.envNames], [args, Object.keys(env)]);
    const [newer, older] = (await test.worker.list({ limit: 10 })).jobs;
    deepEqual([newer?.args, older?.args], [short.args, args]);
  };
  await told();
  await test.close();
  await test.open();
  await told();
  equal((await test.worker.stop(id, { graceSeconds: 0 })).args.length, args.length);
  await told();
  await test.worker.remove(id);
});

Deno.test("leaveLongWords keeps what is short in memory, and reads what is long when it is asked for", async () => {
  await using test = await TestWorker.open();
  const state = openStateFolder(test.state);
  using wakeups = new Wakeups(state.output);
  const host = { state, registry: new Registry(), wakeups };
  const empty = Array.from({ length: 10_000 }, () => "");
  for (const [args, kept] of [[["short"], true], [LONG, false], [empty, false]] as const) {
    const { id } = await test.run(["true", ...args]);
    const spec = specSchema.parse(JSON.parse(await Deno.readTextFile(`${state.jobs}/${id}/spec.json`)));
    const left = leaveLongWords(host, spec);
    equal("value" in (Object.getOwnPropertyDescriptor(left, "args") ?? {}), kept);
    deepEqual({ ...left }, spec);
    await test.worker.remove(id);
    deepEqual(left.args, kept ? args : []);
  }
});

Deno.test("a job whose long arguments cannot be read any more is damaged, and keeps no others from being listed", async () => {
  await using test = await TestWorker.open();
  const short = await test.run(["true", "short"]);
  const long = await Promise.all([1, 2, 3].map(() => test.run(["true", ...LONG])));
  for (const { id } of long) await Deno.writeTextFile(`${test.state}/jobs/${id}/spec.json`, "{");
  const [listed, asked, removed] = long.map(({ id }) => id);
  // Nothing is read of what is not asked for.
  deepEqual((await test.worker.list({ limit: 10, states: ["running"] })).damaged, []);
  const reason = /it is damaged: its record "spec.json" is torn$/;
  throws(() => test.worker.status(asked ?? ""), reason);
  await test.worker.remove(removed ?? "");
  const page = await test.worker.list({ limit: 10 });
  deepEqual(page.jobs.map(({ id }) => id), [short.id]);
  deepEqual(page.damaged.map(({ id }) => id).sort(), [listed, asked].sort());
  await rejects(test.worker.stop(listed ?? ""), reason);
  for (const { id } of page.damaged) await test.worker.remove(id);
  deepEqual((await test.worker.list({ limit: 10 })).damaged, []);
});

Deno.test("who waited for the same end is told of it one after the other, and others get their turn meanwhile", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sh", "-c", "exec sleep 1000", ...Array.from({ length: 50_000 }, () => "")]);
  let turn = 0;
  const toldIn = new Map<number, number>();
  const tell = () => toldIn.set(turn, (toldIn.get(turn) ?? 0) + 1);
  const timer = setInterval(() => turn++, 0);
  const many = Array.from({ length: 30 }, () => [
    test.worker.wait(id).then(tell),
    test.worker.stop(id, { graceSeconds: 0 }).then(tell),
  ]);
  await Promise.all(many.flat()).finally(() => clearInterval(timer));
  const most = Math.max(...toldIn.values());
  ok(most < 30, `${most} were told in one turn`);
});
