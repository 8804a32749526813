import { deepEqual, equal } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { problemOf } from "./problem.ts";

Deno.test("a daemon of root with a private umask runs jobs of other accounts, with its defaults and maxima", async () => {
  await using daemon = await Daemon.start({
    flags: ["--default-limits", '{"openFiles": 40}', "--max-limits", '{"coreBytes": 0}'],
  });
  using alice = await Https.as(daemon, "alice");
  const user = Deno.uid() === 0 ? { user: "nobody" } : {};
  const { id } = await alice.start({ command: "sh", args: ["-c", "ulimit -n; ulimit -c"], ...user });
  const { state, exitCode, limits, reason } = await alice.wait(id);
  deepEqual({ state, exitCode, reason }, { state: "exited", exitCode: 0, reason: null });
  deepEqual([limits["openFiles"], limits["coreBytes"], limits["pids"]], [40, 0, null]);
  equal(await (await alice.send("GET", `/v1/jobs/${id}/stdout`)).text(), "40\n0\n");
});

Deno.test("what the host does not have is refused with 422 before anything starts", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  for (
    const wrong of [{ user: "nobody-at-all" }, { limits: { cpus: 99_999 } }, {
      limits: { readBytesPerSecond: { nodisk: 1 } },
    }]
  ) {
    await problemOf(await alice.send("POST", "/v1/jobs", { command: "true", ...wrong }), 422);
  }
  deepEqual((await (await alice.send("GET", "/v1/jobs")).json()).jobs, []);
});
