import { join } from "node:path";
import { equal } from "../support/assert.ts";
import { createApp } from "../../lib/server/app.ts";
import { Audit } from "../../lib/server/log/audit.ts";
import { FewAtOnce } from "../../lib/server/few_at_once.ts";
import { Followers } from "../../lib/server/followers.ts";
import { TestWorker } from "../worker/worker.ts";

Deno.test("a client whose starts are all under way waits with the next, another does not", async () => {
  await using test = await TestWorker.open();
  using audit = new Audit({ auditLog: join(test.state, "audit.log"), auditArgs: "off" });
  const starts = new FewAtOnce(1);
  const answer = createApp({ worker: test.worker, followers: new Followers(1), starts, audit });
  const start = async (name: string) => {
    const request = new Request("http://localhost/v1/jobs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ command: "true", args: [] }),
    });
    const caller = { name, role: "operator", serial: null, peer: "unix" } as const;
    const { status, body } = await answer(request, caller, () => {});
    await body?.cancel();
    return status;
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  const under = starts.run("alice", () => promise);
  let started = false;
  const alices = start("alice").finally(() => started = true);
  equal(await start("bob"), 201);
  equal(started, false);
  resolve();
  await under;
  equal(await alices, 201);
});
