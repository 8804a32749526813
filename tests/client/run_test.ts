import { deepEqual, equal } from "node:assert/strict";
import { Daemon } from "../support/daemon.ts";
import { teleworker } from "../support/teleworker.ts";

Deno.test("run shows both streams apart and exits as the job does", async () => {
  await using daemon = await Daemon.start();
  const ended = await teleworker(daemon, ["run", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
  deepEqual(ended, { code: 7, stdout: "out\n", stderr: "err\n" });
});

Deno.test("run exits with 128 and the signal's number", async () => {
  await using daemon = await Daemon.start();
  equal((await teleworker(daemon, ["run", "--", "sh", "-c", "kill -KILL $$"])).code, 137);
});
