import { deepEqual, equal } from "../../support/assert.ts";
import { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";
import { until } from "../../support/until.ts";
import { problemOf } from "../problem.ts";

Deno.test("stop answers with the job once it has ended", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const stop = async (id: string, body?: object) => await alice.send("POST", `/v1/jobs/${id}/stop`, body);
  const end = async (id: string, body?: object) => {
    const { state, exitCode, signal } = await alice.job(await stop(id, body));
    return [state, exitCode, signal];
  };
  const sleep = async () => (await alice.start({ command: "sleep", args: ["1000"] })).id;

  await t.step("by SIGTERM", async () => deepEqual(await end(await sleep()), ["stopped", null, "SIGTERM"]));
  await t.step("by another signal", async () => {
    deepEqual(await end(await sleep(), { signal: "SIGINT" }), ["stopped", null, "SIGINT"]);
  });
  await t.step("by a kill after the grace", async () => {
    const { id } = await alice.start({
      command: "sh",
      args: ["-c", "trap '' TERM; echo ready; while :; do sleep 1; done"],
    });
    await until("it is ready", async () => await (await alice.send("GET", `/v1/jobs/${id}/stdout`)).text() !== "");
    deepEqual(await end(id, { graceSeconds: 0.2 }), ["stopped", null, "SIGKILL"]);
    deepEqual(await end(id, {}), ["stopped", null, "SIGKILL"]);
  });
  await t.step("and changes nothing about one that has ended by itself", async () => {
    const { id } = await alice.start({ command: "sh", args: ["-c", "exit 3"] });
    const ended = await alice.wait(id);
    deepEqual(await alice.job(await stop(id)), ended);
  });
  await t.step("Stop: the same Idempotency-Key again → one signal; without one → another", async () => {
    const { id } = await alice.start({
      command: "sh",
      args: ["-c", "trap 'echo term' TERM; trap 'echo usr' USR1; echo ready; while :; do sleep 0.02; done"],
    });
    const text = async () => await (await alice.send("GET", `/v1/jobs/${id}/stdout`)).text();
    const printed = async (all: string) => await until(`it has printed ${all}`, async () => await text() === all);
    const ask = (body: object, headers = {}) => alice.send("POST", `/v1/jobs/${id}/stop`, body, headers);
    const key = { "idempotency-key": "key" };
    await printed("ready\n");
    const stops = [ask({ graceSeconds: 3600 }, key)];
    await printed("ready\nterm\n");
    stops.push(ask({ graceSeconds: 3600 }, key), ask({ signal: "SIGUSR1", graceSeconds: 3600 }, key));
    await printed("ready\nterm\nusr\n");
    stops.push(ask({ graceSeconds: 3600 }));
    await printed("ready\nterm\nusr\nterm\n");
    await problemOf(await ask({}, { "idempotency-key": "two words" }), 400);
    // Less time takes effect also with the key.
    stops.push(ask({ graceSeconds: 0.1 }, key));
    for (const stop of stops) equal((await alice.job(await stop)).state, "stopped");
    equal(await text(), "ready\nterm\nusr\nterm\n");
  });
  await t.step("but refuses signals and graces that are none", async () => {
    const id = await sleep();
    const wrong = [{ signal: "SIGNOTHING" }, { signal: "TERM" }, { signal: 9 }, { graceSeconds: -1 }, { kill: true }];
    for (const body of wrong) await problemOf(await stop(id, body), 400);
    equal((await alice.job(await alice.send("GET", `/v1/jobs/${id}`))).state, "running");
  });
});
