import { join } from "node:path";
import { deepEqual, equal } from "../support/assert.ts";
import { createApp } from "../../lib/server/app.ts";
import { Audit } from "../../lib/server/log/audit.ts";
import type { Services } from "../../lib/server/context.ts";
import { FewAtOnce } from "../../lib/server/few_at_once.ts";
import { Followers } from "../../lib/server/followers.ts";
import { ProblemError } from "../../lib/server/problem.ts";
import { TestWorker } from "../worker/worker.ts";

/** The status of the answer to a request of the client of this name. */
type Send = (name: string, method: string, path: string, body?: unknown, signal?: AbortSignal) => Promise<number>;

async function withApp(
  run: (send: Send, gates: Pick<Services, "starts" | "lists" | "searches">, test: TestWorker) => Promise<void>,
): Promise<void> {
  await using test = await TestWorker.open();
  using audit = new Audit({ auditLog: join(test.state, "audit.log"), auditArgs: "off" });
  const gates = { starts: new FewAtOnce(1), lists: new FewAtOnce(1), searches: new FewAtOnce(1) };
  const answer = createApp({ worker: test.worker, followers: new Followers(1), ...gates, audit });
  const send: Send = async (name, method, path, body, signal) => {
    const request = new Request(`http://localhost${path}`, {
      signal: signal ?? null,
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const caller = { name, role: "operator", serial: null, peer: "unix" } as const;
    const response = await answer(request, caller, () => {});
    await response.body?.cancel();
    return response.status;
  };
  await run(send, gates, test);
}

Deno.test("a client whose starts are all under way waits with the next, another does not", async () => {
  await withApp(async (send, { starts }) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const under = starts.run("alice", () => promise);
    let started = false;
    const start = (name: string) => send(name, "POST", "/v1/jobs", { command: "true", args: [] });
    const alices = start("alice").finally(() => started = true);
    equal(await start("bob"), 201);
    equal(started, false);
    resolve();
    await under;
    equal(await alices, 201);
  });
});

Deno.test("a client whose lists and searches are all under way waits with the next, for nothing else, and another not at all", async () => {
  await withApp(async (send, { lists, searches }, test) => {
    const [alice, bob] = [await test.run(["true"]), await test.run(["true"], { owner: "bob" })];
    const { promise, resolve } = Promise.withResolvers<void>();
    const under = [lists, searches].map((gate) => gate.run("alice", () => promise));
    const answered: string[] = [];
    const look = (path: string) => send("alice", "GET", path).finally(() => answered.push(path));
    const searching = ["/v1/jobs", `/v1/jobs/${alice.id}/stdout?tail=1`].map(look);
    equal(await send("bob", "GET", "/v1/jobs"), 200);
    equal(await send("bob", "GET", `/v1/jobs/${bob.id}/stdout?tail=1`), 200);
    const others = [`/v1/jobs/${alice.id}`, `/v1/jobs/${alice.id}/stdout`];
    for (const path of others) equal(await look(path), 200);
    deepEqual(answered, others);
    resolve();
    await Promise.all(under);
    deepEqual(await Promise.all(searching), [200, 200]);
  });
});

Deno.test("a start whose client goes while it waits for another is not done, and forgotten", async () => {
  await withApp(async (send, { starts }, test) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const under = starts.run("alice", () => promise);
    const gone = new AbortController();
    const start = send("alice", "POST", "/v1/jobs", { command: "true", args: [] }, gone.signal);
    await new Promise((resolve) => setTimeout(resolve, 0));
    gone.abort(new ProblemError(400, "The peer has gone"));
    equal(await start, 400);
    resolve();
    await under;
    deepEqual((await test.worker.list({ limit: 1 })).jobs, []);
  });
});
