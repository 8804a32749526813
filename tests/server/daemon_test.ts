import { join } from "node:path";
import { deepEqual, equal, match, ok, rejects } from "../support/assert.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";
import { RawConnection } from "./transport/raw.ts";
import { teleworkerd } from "./teleworkerd.ts";

/** Writes a line, waits for a file, writes another, and exits as a kill would. */
const SCRIPT = 'echo before; until [ -e "$0" ]; do sleep 0.01; done; echo after; exit 137';

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} ends the daemon in order, followers are broken off, and jobs go on`, async () => {
    await using daemon = await Daemon.start();
    const gate = join(daemon.folder.path, "gate");
    let id: string;
    {
      using alice = await Https.as(daemon, "alice");
      const job = await alice.start({ command: "sh", args: ["-c", SCRIPT, gate] });
      id = job.id;
      const follower = await alice.send("GET", `/v1/jobs/${id}/stdout?follow=true`);
      const reader = follower.body?.getReader();
      equal(new TextDecoder().decode((await reader?.read())?.value), "before\n");
      const waiting = rejects(alice.wait(id));
      const broken = rejects(async () => await reader?.read());
      await using idle = await RawConnection.open(daemon);
      await idle.request("GET /healthz");
      await idle.said("ok");
      await using half = await RawConnection.open(daemon);
      await half.send("GET /hea");

      deepEqual(await daemon.end(signal), { success: true, code: 0, signal: null });
      await broken;
      await waiting;
      await Promise.all([idle.ended(), half.ended()]);
      ok(await Deno.stat(`/proc/${job.pid}`));
    }
    await daemon.run();
    using alice = await Https.as(daemon, "alice");
    equal((await alice.job(await alice.send("GET", `/v1/jobs/${id}`))).state, "running");
    // From where the first connection broke.
    const rest = await alice.send("GET", `/v1/jobs/${id}/stdout?follow=true&offset=7`);
    await Deno.writeTextFile(gate, "");
    equal(await rest.text(), "after\n");
    const { state, exitCode } = await alice.wait(id);
    deepEqual({ state, exitCode }, { state: "exited", exitCode: 137 });
  });
}

Deno.test("a daemon that ends keeps its state folder until the starts under way are over", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const gate = join(daemon.folder.path, "gate");
  const runner = `until [ -e "${gate}" ]; do sleep 0.01; done; exit 1`;
  await Deno.writeTextFile(join(daemon.state, "scripts", "runner.sh"), runner);
  const starting = alice.start({ command: "true" });
  await until("a start is under way", () => [...Deno.readDirSync(join(daemon.state, "output"))].length > 0);
  daemon.signal("SIGTERM");
  await daemon.logged(/Ending; jobs go on/);
  const second = await teleworkerd([
    ...["--socket", `${gate}.socket`, "--state-dir", daemon.state],
    ...["--cgroup-root", `${daemon.cgroupRoot}-2`],
  ]);
  await removeCgroups(`${daemon.cgroupRoot}-2`);
  await Deno.writeTextFile(gate, "");
  match(second.stderr, /^teleworkerd: Cannot use the state folder ".*": another daemon does$/m);
  equal((await starting).state, "failed");
  equal((await daemon.end())?.code, 0);
});

Deno.test("a daemon that was killed finds its jobs again, those that have ended meanwhile too", async () => {
  await using daemon = await Daemon.start();
  const gate = join(daemon.folder.path, "gate");
  const ids: string[] = [];
  {
    using alice = await Https.as(daemon, "alice");
    ids.push((await alice.start({ command: "sh", args: ["-c", SCRIPT, gate] })).id);
    ids.push((await alice.start({ command: "sleep", args: ["1000"], name: "sleeper" })).id);
    await daemon.end("SIGKILL");
  }
  await Deno.writeTextFile(gate, "");
  await until(
    "the job has ended",
    () => Deno.stat(join(daemon.state, "jobs", ids[0] ?? "", "ended.json")).catch(() => {}),
  );
  await daemon.run();
  using alice = await Https.as(daemon, "alice");
  const [ended, running] = await Promise.all(
    ids.map(async (id) => await alice.job(await alice.send("GET", `/v1/jobs/${id}`))),
  );
  deepEqual([ended?.state, ended?.exitCode, running?.state, running?.name], ["exited", 137, "running", "sleeper"]);
  equal(await (await alice.send("GET", `/v1/jobs/${ids[0]}/stdout?follow=true`)).text(), "before\nafter\n");
  equal((await alice.job(await alice.send("POST", `/v1/jobs/${ids[1]}/stop`))).state, "stopped");
});

Deno.test("everything that the daemon keeps is its owner's alone", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sh", args: ["-c", "echo x; exec sleep 1000"], env: { A: "b" } });
  await until("it has written", async () => await (await alice.send("GET", `/v1/jobs/${id}/stdout`)).text() !== "");
  const modes = (folder: string): void => {
    for (const { name, isDirectory, isSymlink } of Deno.readDirSync(folder)) {
      const path = join(folder, name);
      const mode = (Deno.statSync(path).mode ?? 0) & 0o777;
      equal(isSymlink, false, path);
      // Another account's job reads this one by a descriptor; it says nothing that is not in the source.
      const file = name === "exec.sh" ? 0o644 : 0o600;
      equal(mode, isDirectory ? 0o700 : file, path);
      if (isDirectory) modes(path);
    }
  };
  modes(daemon.state);
});
