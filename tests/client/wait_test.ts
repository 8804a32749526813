import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { LiveClient } from "./live_client.ts";

Deno.test("wait waits for jobs to end", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  /** A job that ends with this code when the file of its name is there. */
  const waiting = async (name: string, code: number) => {
    const args = [
      "-c",
      'while [ ! -e "$0" ]; do sleep 0.02; done; exit "$1"',
      join(daemon.folder.path, name),
      `${code}`,
    ];
    return (await alice.start({ command: "sh", args, name })).id;
  };
  const release = async (name: string) => await Deno.writeTextFile(join(daemon.folder.path, name), "");

  await t.step("and exits with the last one's code", async () => {
    const [first, second] = [await waiting("first", 3), await waiting("second", 4)];
    await using client = new LiveClient(daemon, ["wait", "second", "first"]);
    await release("second");
    await client.prints(`${second} exited 4\n`);
    await release("first");
    deepEqual(await client.ended, { code: 3, stdout: `${second} exited 4\n${first} exited 3\n`, stderr: "" });
  });

  await t.step("also those that have ended already, however they did", async () => {
    const { id } = await alice.start({ command: "sh", args: ["-c", "kill -KILL $$"] });
    await alice.wait(id);
    deepEqual(await teleworker(daemon, ["wait", id]), { code: 137, stdout: `${id} signaled SIGKILL\n`, stderr: "" });
    const failed = await alice.start({ command: "no-such-program" });
    const { code, stdout } = await teleworker(daemon, ["wait", failed.id]);
    deepEqual({ code, stdout }, { code: 125, stdout: `${failed.id} failed\n` });
  });

  await t.step("across a restart of the daemon", async () => {
    const before = await alice.start({ command: "true" });
    const id = await waiting("third", 5);
    await using client = new LiveClient(daemon, ["wait", "--output", "json", before.id, "third"]);
    await client.prints("\n");
    await daemon.end("SIGTERM");
    await client.notes("trying again");
    await release("third");
    await daemon.run();
    const { code, stdout } = await client.ended;
    equal(code, 5);
    deepEqual(stdout.trimEnd().split("\n").map((line) => JSON.parse(line)), [
      await alice.wait(before.id),
      await alice.wait(id),
    ]);
  });

  await t.step("but not for one that is not there", async () => {
    const { code, stdout, stderr } = await teleworker(daemon, ["wait", "first", "nope"]);
    deepEqual({ code, stdout }, { code: 125, stdout: "" });
    match(stderr, /^teleworker: There is no job "nope"\n$/);
  });
});
