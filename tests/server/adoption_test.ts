import { join } from "node:path";
import { deepEqual, equal, rejects } from "../support/assert.ts";
import { jobListSchema } from "../../lib/contract/mod.ts";
import { Audit } from "../../lib/server/log/audit.ts";
import { createApp } from "../../lib/server/app.ts";
import { FewAtOnce } from "../../lib/server/few_at_once.ts";
import { Followers } from "../../lib/server/followers.ts";
import { Worker } from "../../lib/worker/mod.ts";
import { copyJob } from "../support/copy_job.ts";
import { TestWorker } from "../worker/worker.ts";
import { auditLines } from "./log/audit_line.ts";

const COPIES = 300;
const gates = { starts: new FewAtOnce(1), lists: new FewAtOnce(1), searches: new FewAtOnce(1) };
const root = { name: "root", role: "admin", serial: null, peer: "unix" } as const;

Deno.test("while a worker adopts its jobs only its health and version are told, then everything", async () => {
  await using test = await TestWorker.open();
  using audit = new Audit({ auditLog: join(test.state, "audit.log"), auditArgs: "off" });
  const { id } = await test.run(["true"]);
  await test.close();
  for (let copy = 0; copy < COPIES; copy++) copyJob(test.state, id, 2 + copy);
  await using worker = await Worker.begin({ stateFolder: test.state, cgroupRoot: test.cgroupRoot, maxJobs: 10 });
  const answer = createApp({
    worker,
    followers: new Followers(1),
    ...gates,
    audit,
  });
  const order: string[] = [];
  const ask = async (path: string) => {
    const response = await answer(new Request(`http://localhost${path}`), root, () => {});
    order.push(path);
    return response;
  };
  const list = ask("/v1/jobs?limit=1000");
  const status = ask(`/v1/jobs/${id}`);
  const adopted = worker.adopted.then(() => order.push("adopted"));
  for (const path of ["/healthz", "/v1/version"]) await (await ask(path)).body?.cancel();
  await adopted;
  equal(jobListSchema.parse(await (await list).json()).jobs.length, COPIES + 1);
  equal((await status).status, 200);
  await (await status).body?.cancel();
  deepEqual(order.slice(0, 2), ["/healthz", "/v1/version"]);
  deepEqual(order.slice(2).sort(), ["/v1/jobs?limit=1000", `/v1/jobs/${id}`, "adopted"].sort());
});

Deno.test("a worker that is closed while it adopts refuses those who wait, each with a line", async () => {
  await using test = await TestWorker.open();
  using audit = new Audit({ auditLog: join(test.state, "audit.log"), auditArgs: "off" });
  const { id } = await test.run(["true"]);
  await test.close();
  for (let copy = 0; copy < COPIES; copy++) copyJob(test.state, id, 2 + copy);
  const worker = await Worker.begin({ stateFolder: test.state, cgroupRoot: test.cgroupRoot, maxJobs: 10 });
  const answer = createApp({
    worker,
    followers: new Followers(1),
    ...gates,
    audit,
  });
  const waiting = answer(new Request("http://localhost/v1/jobs"), root, () => {});
  await worker[Symbol.asyncDispose]();
  await rejects(worker.adopted, { refusal: "closing" });
  const { status, body } = await waiting;
  equal(status, 503);
  await body?.cancel();
  const [line, ...more] = await auditLines(join(test.state, "audit.log"));
  deepEqual([line?.event, line?.allowed, line?.name, line?.route, line?.reason, more], [
    ...["decision", false, "root", "list", "The daemon is ending"],
    [],
  ]);
});

Deno.test("a worker that cannot read its folder says why and lets go of it", async () => {
  await using test = await TestWorker.open();
  await test.close();
  const options = { stateFolder: test.state, cgroupRoot: test.cgroupRoot, maxJobs: 10 };
  const opening = Worker.open(options);
  // It has made the folder, and not yet read it.
  Deno.removeSync(join(test.state, "jobs"));
  await rejects(opening, Deno.errors.NotFound);
  await (await Worker.open(options))[Symbol.asyncDispose]();
});
