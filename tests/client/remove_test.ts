import { deepEqual, equal } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";

Deno.test("remove removes jobs with all that is kept of them", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "bob");
  const ended = async (name: string) => {
    const { id } = await alice.start({ command: "echo", args: ["output"], name });
    await alice.wait(id);
    return id;
  };
  const files = () => {
    const names = ["jobs", "output", "ended"].map((folder) => [...Deno.readDirSync(`${daemon.state}/${folder}`)]);
    return names.flat().map(({ name }) => name);
  };

  await t.step("several, under each of its names", async () => {
    for (const verb of ["remove", "rm"]) {
      const [first, second] = [await ended("first"), await ended("second")];
      const shown = await teleworker(daemon, [verb, "first", second]);
      deepEqual(shown, { code: 0, stdout: `${first}\n${second}\n`, stderr: "" });
      await until("no file is left", () => files().length === 0);
      equal(await alice.status(`/v1/jobs/${first}`), 404);
    }
  });

  await t.step("one that runs, after it has stopped it", async () => {
    const { id, pid } = await alice.start({ command: "sleep", args: ["1000"], name: "running" });
    deepEqual(await teleworker(daemon, ["remove", "running"]), { code: 0, stdout: `${id}\n`, stderr: "" });
    equal(await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => ""), "");
    await until("no file is left", () => files().length === 0);
  });

  await t.step("as an object with its id with --output json", async () => {
    const id = await ended("gone");
    const shown = await teleworker(daemon, ["remove", "gone", "--output", "json"]);
    deepEqual(shown, { code: 0, stdout: `{"id":"${id}"}\n`, stderr: "" });
  });

  await t.step("but none if one of them is not there, or somebody else's", async () => {
    const theirs = await bob.start({ command: "true", name: "theirs" });
    const mine = await ended("mine");
    for (const other of ["nope", "theirs", theirs.id]) {
      const shown = await teleworker(daemon, ["rm", "mine", other]);
      deepEqual(shown, { code: 1, stdout: "", stderr: `teleworker: There is no job "${other}"\n` });
    }
    equal(await alice.status(`/v1/jobs/${mine}`), 200);
  });
});
