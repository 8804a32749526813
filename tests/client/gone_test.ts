import { equal, match } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";

Deno.test("logs and status say in a line what is gone of a job's output, and shows the rest", async () => {
  await using daemon = await Daemon.start({ flags: ["--output-max", "1M"] });
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "seq", args: ["-f", "%015.0f", "1", String(3 * 2 ** 20 / 16)] });
  await alice.wait(id);
  const first = await until("the head is freed", async () => {
    const response = await alice.send("GET", `/v1/jobs/${id}/stdout`);
    await response.body?.cancel();
    return Number(response.headers.get("Teleworker-First-Offset"));
  });
  const whole = await teleworker(daemon, ["logs", "-f", id]);
  equal(whole.code, 0);
  equal(whole.stdout.length, 3 * 2 ** 20 - first);
  match(whole.stderr, /^teleworker: [\d.]+[MK] of its stdout are gone: only the newest output is kept\n$/);
  const status = await teleworker(daemon, ["status", id]);
  match(status.stdout, /^kept {8}the newest 1M of each stream; the oldest [\d.]+[MK] of its stdout are gone$/m);
  const tail = await teleworker(daemon, ["logs", "--tail", "1", id]);
  equal(tail.stdout, `${String(3 * 2 ** 20 / 16).padStart(15, "0")}\n`);
  equal(tail.stderr, "");
});
