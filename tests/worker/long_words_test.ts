import { deepEqual, equal, rejects } from "../support/assert.ts";
import { leaveLongWords } from "../../lib/worker/long_words.ts";
import { specSchema } from "../../lib/worker/records.ts";
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

Deno.test("a job whose long arguments cannot be read any more is set aside, and keeps no other from being listed", async () => {
  await using test = await TestWorker.open();
  const spoilt = async (program: string) => {
    const { id } = await test.run([program, "1000", ...LONG], { env: {}, idempotencyKey: program });
    await Deno.writeTextFile(`${test.state}/jobs/${id}/spec.json`, "{");
    return id;
  };
  const short = await test.run(["true", "short"]);
  const ids = [await spoilt("true"), await spoilt("echo"), await spoilt("cat")];
  const [listed = "", asked = "", stopped = ""] = ids;
  // Nothing is read of what is not asked for.
  deepEqual((await test.worker.list({ limit: 10, states: ["running"] })).damaged, []);
  await rejects(test.worker.stop(stopped), { refusal: "damaged" });
  await rejects(test.start(["echo", "1000", ...LONG], { env: {}, idempotencyKey: "echo" }), { refusal: "damaged" });
  const { jobs, damaged } = await test.worker.list({ limit: 10 });
  deepEqual(jobs.map(({ id }) => id), [short.id]);
  const reason = 'its record "spec.json" is torn';
  deepEqual(damaged.toSorted(), [stopped, asked, listed].map((id) => ({ id, owner: "alice", reason })));
  for (const id of ids) await test.worker.remove(id);
  deepEqual((await test.worker.list({ limit: 10 })).damaged, []);
});

Deno.test("leaveLongWords keeps what is short in memory, and reads what is long when it is asked for", async () => {
  await using test = await TestWorker.open();
  const state = openStateFolder(test.state);
  const empty = Array.from({ length: 10_000 }, () => "");
  for (const [args, kept] of [[["short"], true], [LONG, false], [empty, false]] as const) {
    const { id } = await test.run(["true", ...args]);
    const spec = specSchema.parse(JSON.parse(await Deno.readTextFile(`${state.jobs}/${id}/spec.json`)));
    const left = leaveLongWords(state, spec);
    equal("value" in (Object.getOwnPropertyDescriptor(left, "args") ?? {}), kept);
    deepEqual({ ...left }, spec);
    await test.worker.remove(id);
    deepEqual(left.args, kept ? args : []);
  }
});
