import { deepEqual, equal, ok } from "../../support/assert.ts";
import type { Cgroups } from "../../../lib/cgroup/mod.ts";
import { until } from "../../support/until.ts";
import { limitTest, makeFifo, Mark, ready } from "./job.ts";

const gone = (cgroups: Cgroups, id: string) => until("its group is gone", () => !cgroups.list().includes(id));

await limitTest("a job past its timeout says so", {}, async ({ test }) => {
  const job = await test.run(["sleep", "1000"], { timeoutSeconds: 1 });
  deepEqual([job.state, job.signal, job.reason], ["signaled", "SIGTERM", "It ran past its timeout of 1 s"]);
});

await limitTest("the groups of many jobs are gone after their ends", {}, async ({ test, cgroups }) => {
  for (let round = 0; round < 5; round++) {
    const jobs = await Promise.all(
      Array.from({ length: 10 }, () => test.run(["sh", "-c", "sleep 1000 & sleep 1000 &"])),
    );
    for (const { id, state } of jobs) {
      equal(state, "exited");
      await gone(cgroups, id);
    }
  }
});

const NEST = `read -r FOLDERS <"$GO"; for folder in $FOLDERS; do mkdir -p "$folder/a/b" || exit 9; done`;

await limitTest("the group of a job that made groups below it is gone after its end", {}, async ({ test, cgroups }) => {
  const go = await makeFifo(test);
  const { id } = await test.start(["sh", "-c", `${NEST}; echo ready; exec sleep 1000`], { env: { GO: go } });
  await Deno.writeTextFile(go, `${cgroups.open(id).directories.join(" ")}\n`);
  await ready(test, id);
  for (const folder of cgroups.open(id).directories) ok(Deno.statSync(`${folder}/a/b`).isDirectory);
  await test.worker.stop(id, { graceSeconds: 0 });
  await gone(cgroups, id);
});

await limitTest("processes in groups that a job made below its own end with it", {}, async ({ test, cgroups }) => {
  const mark = new Mark();
  const go = await makeFifo(test);
  const below = `for folder in $FOLDERS; do echo 0 >"$folder/a/b/cgroup.procs"; done; exec setsid sleep 1000`;
  const { id } = await test.start(["sh", "-c", `${NEST}; (${below}) & read -r line <"$GO"; exit 3`], {
    env: { ...mark.env, GO: go },
  });
  const { directories } = cgroups.open(id);
  await Deno.writeTextFile(go, `${directories.join(" ")}\n`);
  await until("one is below", () => directories.every((folder) => holds(`${folder}/a/b`)));
  await Deno.writeTextFile(go, "\n");
  const job = await test.worker.wait(id);
  deepEqual([job.state, job.exitCode], ["exited", 3]);
  await until("it is killed", () => mark.processes().length === 0);
  await gone(cgroups, id);
});

function holds(folder: string): boolean {
  try {
    return Deno.readTextFileSync(`${folder}/cgroup.procs`) !== "";
  } catch {
    return false;
  }
}

await limitTest(
  "groups that a crash left are swept at the next start, those of jobs that live are not",
  {},
  async ({ test, cgroups }) => {
    const living = await test.start(["sh", "-c", "echo ready; exec sleep 1000"], { limits: {} });
    await ready(test, living.id);
    await test.close();
    const stale = cgroups.create(crypto.randomUUID(), {});
    const enter = stale.directories.map((folder) => `echo 0 >'${folder}/cgroup.procs'`).join("; ");
    const process = new Deno.Command("sh", { args: ["-c", `${enter}; exec sleep 1000`], stdin: "null" }).spawn();
    await until("it is left behind", () => stale.processes().length === 1);
    await test.open();
    equal((await process.status).signal, "SIGKILL");
    deepEqual(cgroups.list(), [living.id]);
    const { state, pid } = test.worker.status(living.id);
    deepEqual([state, pid, cgroups.open(living.id).processes()], ["running", living.pid, [living.pid]]);
  },
);

await limitTest("the group of a job whose runner was killed is swept", {}, async ({ test, cgroups }) => {
  const mark = new Mark();
  const { id } = await test.start(["sh", "-c", "echo ready; exec sleep 1000"], { env: mark.env });
  await ready(test, id);
  await test.close();
  const runner = JSON.parse(Deno.readTextFileSync(`${test.state}/jobs/${id}/runner.json`));
  Deno.kill(runner.pid, "SIGKILL");
  await test.open();
  ok((await test.worker.wait(id)).state === "lost");
  deepEqual(mark.processes(), []);
  await gone(cgroups, id);
});
