import { dirname, join } from "node:path";
import { deepEqual, equal, rejects, throws } from "../support/assert.ts";
import { canLimit } from "../support/cgroups.ts";
import { until } from "../support/until.ts";
import { mkfifo } from "../support/mkfifo.ts";
import { processesWith, runnersEnd, runnersOf, TestWorker } from "./worker.ts";

const record = (test: TestWorker, id: string, name: string) => join(test.state, "jobs", id, name);

/** What can become of a record, and what is then told about it. */
const DAMAGES: Readonly<Record<string, { damage: (path: string) => Promise<unknown>; reason: RegExp }>> = {
  "half of it": {
    damage: async (path) => await Deno.truncate(path, 20),
    reason: /^is torn$/,
  },
  "nothing in it": {
    damage: async (path) => await Deno.truncate(path, 0),
    reason: /^is empty$/,
  },
  "zeros": {
    damage: async (path) => await Deno.writeFile(path, new Uint8Array(100)),
    reason: /^is torn$/,
  },
  "another JSON": {
    damage: async (path) => await Deno.writeTextFile(path, '{"format":1}'),
    reason: /^is not as it should be: \w+: ./,
  },
  "a newer format": {
    damage: async (path) =>
      await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace('"format":1', '"format":2')),
    reason: /^was written by a newer Teleworker \(format 2, this one reads 1\)$/,
  },
  "a directory": {
    damage: async (path) => await Deno.remove(path).then(() => Deno.mkdir(path)),
    reason: /^is a directory$/,
  },
  "a symbolic link to the record": {
    damage: async (path) => {
      await Deno.rename(path, join(dirname(path), "../../elsewhere"));
      await Deno.symlink(join(dirname(path), "../../elsewhere"), path);
    },
    reason: /^is a symbolic link$/,
  },
  "a FIFO": {
    damage: async (path) => await Deno.remove(path).then(() => mkfifo(path)),
    reason: /^is not a regular file$/,
  },
  "17 MiB": {
    damage: async (path) => await Deno.truncate(path, 17 * 2 ** 20),
    reason: /^is larger than 16777216 bytes$/,
  },
};

Deno.test("a job with a damaged record is set aside, others are served, and it can be removed", async (t) => {
  await using test = await TestWorker.open();
  for (const [what, { damage, reason }] of Object.entries(DAMAGES)) {
    for (const name of ["spec.json", "started.json", "ended.json"]) {
      await t.step(`${what} in ${name}`, async () => {
        const { id } = await test.run(["echo", "x"]);
        const { id: other } = await test.run(["echo", "y"]);
        await test.close();
        await runnersEnd(test.state);
        await damage(record(test, id, name));
        await test.open();
        const { jobs, damaged: [damaged, ...rest] } = await test.worker.list({ limit: 10 });
        deepEqual([jobs.map((job) => job.id), rest], [[other], []]);
        deepEqual([damaged?.id, damaged?.owner], [id, name === "spec.json" ? null : "alice"]);
        const [prefix, why] = damaged?.reason.split(` "${name}" `) ?? [];
        equal(prefix, "its record");
        equal(reason.test(why ?? ""), true, why);
        throws(() => test.worker.status(id), {
          refusal: "damaged",
          message: `Cannot use job "${id}", it is damaged: ${damaged?.reason}`,
        });
        await rejects(test.worker.output(id, "stdout"), { refusal: "damaged" });
        await rejects(test.worker.stop(id), { refusal: "damaged" });
        await rejects(test.worker.wait(id), { refusal: "damaged" });
        equal(await test.text(other), "y\n");
        // A bell that was rung while no worker was there is answered a moment after the start.
        await until("its record and logs are left", () => test.filesOf(id).length === 3);
        for (const removed of [id, other]) await test.worker.remove(removed);
        deepEqual([test.filesOf(id), test.worker.owner(id)], [[], undefined]);
      });
    }
  }
});

Deno.test("what stands in a job's place without being its folder is damaged, and removed without what it points at", async () => {
  await using test = await TestWorker.open();
  const { id: original } = await test.run(["echo", "x"]);
  await test.close();
  const [link, file, fifo, copy, bare] = Array.from({ length: 5 }, () => crypto.randomUUID());
  const path = (name = "") => join(test.state, "jobs", name);
  await Deno.symlink(path(original), path(link));
  await Deno.writeTextFile(path(file), "");
  await mkfifo(path(fifo));
  await Deno.mkdir(path(copy));
  await Deno.copyFile(join(path(original), "spec.json"), join(path(copy), "spec.json"));
  await Deno.mkdir(path(bare));
  await Deno.copyFile(join(path(original), "ended.json"), join(path(bare), "ended.json"));
  for (const foreign of ["notes", crypto.randomUUID().toUpperCase()]) await Deno.mkdir(path(foreign));
  await test.open();
  const { jobs, damaged } = await test.worker.list({ limit: 10 });
  deepEqual(jobs.map(({ id }) => id), [original]);
  deepEqual(Object.fromEntries(damaged.map(({ id, owner, reason }) => [id, [owner, reason]])), {
    [link ?? ""]: [null, "its folder is not a directory"],
    [file ?? ""]: [null, "its folder is not a directory"],
    [fifo ?? ""]: [null, "its folder is not a directory"],
    [copy ?? ""]: [null, `its record "spec.json" is that of job "${original}"`],
    [bare ?? ""]: [null, 'its record "spec.json" is missing'],
  });
  for (const { id } of damaged) await test.worker.remove(id);
  deepEqual((await test.worker.list({ limit: 10 })).damaged, []);
  equal(await test.text(original), "x\n");
  await test.close();
  await test.open();
  equal(test.worker.status(original).state, "exited");
  equal([...Deno.readDirSync(path())].length, 3);
});

Deno.test("a running job that is damaged is left alone, and ends when it is removed", async (t) => {
  await using test = await TestWorker.open();
  for (const name of ["spec.json", "started.json", "runner.json"]) {
    await t.step(name, async () => {
      const seconds = `1000.${crypto.getRandomValues(new Uint32Array(1))[0]}`;
      const { id } = await test.start(["sh", "-c", `sleep ${seconds} & echo ready; wait`]);
      await test.printed(id, "ready");
      await test.close();
      await Deno.truncate(record(test, id, name), 10);
      await test.open();
      deepEqual((await test.worker.list({ limit: 10 })).damaged.map((job) => job.id), [id]);
      await until("its child is another program", () => processesWith(seconds).length === 1);
      await test.worker.remove(id);
      if (canLimit) deepEqual(processesWith(seconds), []);
      else for (const pid of processesWith(seconds)) Deno.kill(pid, "SIGKILL");
      deepEqual([runnersOf(test.state, id), test.filesOf(id)], [[], []]);
    });
  }
});

Deno.test("a damaged job keeps its name and its idempotency key", async () => {
  await using test = await TestWorker.open();
  const wish = { name: "example", idempotencyKey: "key" };
  const { id } = await test.run(["true"], wish);
  await test.close();
  await Deno.truncate(record(test, id, "ended.json"), 10);
  await test.open();
  deepEqual((await test.worker.list({ limit: 10, name: "example", owner: "alice" })).damaged.length, 1);
  deepEqual((await test.worker.list({ limit: 10, owner: "bob" })).damaged, []);
  deepEqual((await test.worker.list({ limit: 10, reference: "other" })).damaged, []);
  deepEqual((await test.worker.list({ limit: 10, cursor: 1 })).damaged, []);
  await rejects(test.start(["true"], { name: "example" }), { refusal: "conflict" });
  await rejects(test.start(["true"], wish), { refusal: "damaged" });
  await test.worker.remove(id);
  const again = await test.run(["true"], wish);
  equal(again.state, "exited");
});

Deno.test("a follower of a job that is damaged meanwhile is broken off, as its output goes on", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sh", "-c", "echo first; exec sleep 1000"]);
  await test.printed(id, "first");
  const reader = (await test.worker.output(id, "stdout", { follow: true })).bytes.getReader();
  equal(new TextDecoder().decode((await reader.read()).value), "first\n");
  const broken = rejects(reader.read(), { refusal: "damaged" });
  await Deno.writeTextFile(record(test, id, "ended.json"), "{");
  await Deno.writeTextFile(join(test.state, "ended", id), "");
  await broken;
  await test.worker.remove(id);
});

Deno.test("a job whose end is damaged while it is waited for is told to those who wait, and follow", async () => {
  await using test = await TestWorker.open();
  const gate = join(test.folder, "gate");
  const { id } = await test.start(["sh", "-c", 'echo x; until [ -e "$0" ]; do sleep 0.01; done', gate]);
  const waiting = rejects(test.worker.wait(id), { refusal: "damaged" });
  const following = rejects(test.text(id, "stdout", true), { refusal: "damaged" });
  await Deno.mkdir(record(test, id, "ended.json"));
  await Deno.writeTextFile(gate, "");
  await waiting;
  await following;
  deepEqual((await test.worker.list({ limit: 10 })).damaged.map(({ reason }) => reason), [
    'its record "ended.json" is a directory',
  ]);
  await until("the bell is answered", () => [...Deno.readDirSync(join(test.state, "ended"))].length === 0);
  await test.worker.remove(id);
  deepEqual(test.filesOf(id), []);
});

Deno.test("a record of a newer Teleworker is used again by one that can read it", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.run(["true"]);
  await test.close();
  const path = record(test, id, "spec.json");
  const spec = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, spec.replace('"format":1', '"format":2'));
  await test.open();
  throws(() => test.worker.status(id), /written by a newer Teleworker \(format 2, this one reads 1\)$/);
  await test.close();
  await Deno.writeTextFile(path, spec);
  await test.open();
  equal(test.worker.status(id).state, "exited");
});
