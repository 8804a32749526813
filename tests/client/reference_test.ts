import { deepEqual, equal, match } from "../support/assert.ts";
import type { Job } from "../../lib/contract/mod.ts";
import { copyJob } from "../support/copy_job.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";

Deno.test("a job is meant", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "bob");
  const meant = async (reference: string, identity = "alice") => {
    const { code, stdout, stderr } = await teleworker(daemon, ["--output", "json", "status", reference], { identity });
    return code === 0 ? JSON.parse(stdout).id : stderr;
  };
  const [one, other] = await twoThatBeginAlike(daemon, alice);

  await t.step("by its id", async () => equal(await meant(one.id), one.id));

  await t.step("by the beginning of its id, if no other begins so", async () => {
    equal(await meant(one.id.slice(0, 35)), one.id);
  });

  await t.step("by its name", async () => {
    const named = await alice.start({ command: "true", name: "backup" });
    equal(await meant("backup"), named.id);
  });

  await t.step("by its name rather than by the beginning of another's id", async () => {
    const named = await alice.start({ command: "true", name: one.id.slice(0, 8) });
    equal(await meant(one.id.slice(0, 8)), named.id);
  });

  await t.step("not by what several ids begin with; they are named", async () => {
    for (const length of [4, 7]) {
      const stderr = await meant(one.id.slice(0, length));
      match(stderr, new RegExp(`^teleworker: Cannot tell which job "${one.id.slice(0, length)}" is: `));
      for (const { id } of [one, other]) match(stderr, new RegExp(`${id} of alice`));
    }
  });

  await t.step("not by a name that several owners gave, for who sees all of them", async () => {
    const theirs = await bob.start({ command: "true", name: "backup" });
    equal(await meant("backup", "bob"), theirs.id);
    match(await meant("backup", "root"), /^teleworker: Cannot tell which job "backup" is: .* of bob, .* of alice\n$/);
    equal(await meant(theirs.id, "root"), theirs.id);
  });

  await t.step("not by anything else", async () => {
    const ids = [
      "nope",
      "BACKUP",
      "../../etc/passwd",
      "back",
      one.id.slice(1),
      `${one.id}0`,
      "?state=running",
      "%00",
      "-",
    ];
    for (const reference of ids) {
      const [flags, stderr] = [reference.startsWith("-") ? ["--"] : [], `teleworker: There is no job "${reference}"\n`];
      const ended = await teleworker(daemon, ["status", ...flags, reference]);
      deepEqual(ended, { code: 1, stdout: "", stderr }, reference);
    }
  });
});

/** Gives the daemon two jobs whose ids begin with the same eight characters. */
async function twoThatBeginAlike(daemon: Daemon, alice: Https): Promise<[Job, Job]> {
  const { id } = await alice.start({ command: "true" });
  const job = await alice.wait(id);
  await daemon.end();
  const copy = copyJob(daemon.state, id, 2, id.slice(0, 8) + crypto.randomUUID().slice(8));
  await daemon.run();
  return [job, { ...job, id: copy }];
}
