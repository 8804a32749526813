import { join } from "node:path";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { Worker } from "../../lib/worker/mod.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { runnersEnd, runnersOf } from "./worker.ts";

async function command(name: string, ...args: string[]): Promise<boolean> {
  return (await new Deno.Command(name, { args, stdin: "null", stdout: "null", stderr: "null" }).output()).success;
}

/** A file system of 2 MiB of a test's own. */
class SmallDisk implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async mount(path: string): Promise<SmallDisk> {
    await Deno.mkdir(path);
    ok(await command("mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", path));
    return new SmallDisk(path);
  }

  async fill(): Promise<void> {
    await command("dd", "if=/dev/zero", `of=${join(this.path, "ballast")}`, "bs=4k");
  }

  /** Takes all but so many pages. */
  async leave(pages: number): Promise<void> {
    await this.fill();
    const ballast = join(this.path, "ballast");
    await Deno.truncate(ballast, (await Deno.stat(ballast)).size - pages * 4096);
  }

  async free(): Promise<void> {
    await Deno.remove(join(this.path, "ballast"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await command("umount", "-l", this.path);
  }
}

/** Runs a worker whose state is on a small disk, for as long as the test takes. */
async function onSmallDisk(test: (worker: Worker, disk: SmallDisk) => Promise<void>): Promise<void> {
  await using folder = await TemporaryFolder.create();
  await using disk = await SmallDisk.mount(join(folder.path, "disk"));
  const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  {
    await using worker = await Worker.open({ stateFolder: join(disk.path, "state"), cgroupRoot, maxJobs: 10 });
    await test(worker, disk);
  }
  await runnersEnd(join(disk.path, "state"));
  await removeCgroups(cgroupRoot);
}

Deno.test({
  name: "on a full disk jobs can be stopped, time out and be removed, and one starts again when there is space",
  // Only root can mount a disk to fill.
  ignore: Deno.uid() !== 0,
  fn: () =>
    onSmallDisk(async (worker, disk) => {
      const start = (timeoutSeconds?: number) =>
        worker.start({ owner: "alice", command: "sleep", args: ["1000"], timeoutSeconds });
      const [stopped, removed, late] = await Promise.all([start(), start(), start(1)]);
      await disk.fill();
      const stop = worker.stop(stopped.id, { graceSeconds: 1 });
      const remove = worker.remove(removed.id);
      // They are dead already; that is recorded as soon as there is space for it.
      await disk.free();
      ok((await stop).state !== "running");
      await remove;
      equal(worker.owner(removed.id), undefined);
      equal((await worker.wait(late.id)).state, "signaled");
      const { id } = await worker.start({ owner: "alice", command: "true", args: [] });
      equal((await worker.wait(id)).exitCode, 0);
    }),
});

Deno.test({
  name: "a worker opens on a full disk, where it is needed to stop what fills it",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using folder = await TemporaryFolder.create();
    await using disk = await SmallDisk.mount(join(folder.path, "disk"));
    const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
    const options = { stateFolder: join(disk.path, "state"), cgroupRoot, maxJobs: 10 };
    let id: string;
    {
      await using worker = await Worker.open(options);
      id = (await worker.start({ owner: "alice", command: "sleep", args: ["1000"] })).id;
    }
    await disk.fill();
    {
      await using worker = await Worker.open(options);
      const { state, pid } = worker.status(id);
      equal(state, "running");
      const stop = worker.stop(id, { graceSeconds: 0 });
      await until("it is dead", () => pid === null || Deno.stat(`/proc/${pid}`).then(() => false, () => true));
      await disk.free();
      ok((await stop).state !== "running");
    }
    await runnersEnd(options.stateFolder);
    await removeCgroups(cgroupRoot);
  },
});

Deno.test({
  name: "a start that finds no space is refused and leaves nothing",
  ignore: Deno.uid() !== 0,
  fn: () =>
    onSmallDisk(async (worker, disk) => {
      await disk.fill();
      let refused = "";
      await worker.start({ owner: "alice", command: "true", args: [], name: "one" }).catch((error) =>
        refused = error.message
      );
      ok(refused.includes("os error 28"), refused);
      equal((await worker.list({ limit: 10 })).jobs.length, 0);
      equal([...Deno.readDirSync(join(disk.path, "state", "jobs"))].length, 0);
    }),
});

Deno.test({
  name: "a job that writes to a full disk waits, goes on when there is space, and its record says what is missing",
  ignore: Deno.uid() !== 0,
  fn: () =>
    onSmallDisk(async (worker, disk) => {
      await using folder = await TemporaryFolder.create();
      const gate = join(folder.path, "gate");
      const lines = "seq -f %015.0f 1 20000";
      const script = `until [ -e "$0" ]; do sleep 0.01; done; ${lines}; exit 7`;
      const { id } = await worker.start({ owner: "alice", command: "sh", args: ["-c", script, gate] });
      await disk.fill();
      await Deno.writeTextFile(gate, "");
      await until("a drain waits for space", () => runnersOf(join(disk.path, "state"), id).some(isSleep));
      equal(worker.status(id).state, "running");
      await disk.free();
      const job = await worker.wait(id);
      deepEqual([job.state, job.exitCode], ["exited", 7]);
      const [offset = NaN, ...more] = job.gaps.stdout;
      deepEqual([more, job.gaps.stderr], [[], []]);
      const text = await new Response((await worker.output(id, "stdout")).bytes).text();
      const whole = new TextDecoder().decode((await new Deno.Command("sh", { args: ["-c", lines] }).output()).stdout);
      ok(whole.startsWith(text.slice(0, offset)), "what is before the gap is not what was written");
      ok(whole.endsWith(text.slice(offset)), "what is behind the gap is not what was written");
      const missing = whole.length - text.length;
      ok(missing > 0 && missing <= 65_536, `${missing} bytes are missing`);
    }),
});

function isSleep(pid: number): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/comm`) === "sleep\n";
  } catch {
    // It has just ended, as what a drain tries the disk with does.
    return false;
  }
}

Deno.test({
  name: "a start is refused and leaves nothing wherever on its way it finds no space",
  ignore: Deno.uid() !== 0,
  fn: () =>
    onSmallDisk(async (worker, disk) => {
      const start = () => worker.start({ owner: "alice", command: "true", args: [], name: "one" });
      for (let pages = 0, started = false; !started; pages++) {
        await disk.leave(pages);
        // One that hangs here would go on only when there is space.
        const id = await start().then((job) => job.id, (error) => {
          ok(/os error 28/.test(error.message), error.message);
          return null;
        });
        if (id === null) {
          deepEqual((await worker.list({ limit: 10 })).jobs, []);
          for (const folder of ["jobs", "output"]) {
            deepEqual([...Deno.readDirSync(join(disk.path, "state", folder))], [], `With ${pages} pages`);
          }
        }
        await disk.free();
        if (id === null) continue;
        started = true;
        await worker.remove(id);
      }
    }),
});

Deno.test({
  name: "a drain that waits for space ends when its job, whose runner was killed, is removed",
  ignore: Deno.uid() !== 0,
  fn: () =>
    onSmallDisk(async (worker, disk) => {
      const state = join(disk.path, "state");
      const { id } = await worker.start({ owner: "alice", command: "sh", args: ["-c", "yes | head -c 4000000"] });
      await until("the disk is full", () => Deno.statSync(join(state, "output", `${id}.stdout`)).size > 1_900_000);
      const { pid } = JSON.parse(await Deno.readTextFile(join(state, "jobs", id, "runner.json")));
      // Room for the record, less than the drain asks for.
      ok(await command("mount", "-o", "remount,size=2060k", disk.path));
      Deno.kill(pid, "SIGKILL");
      equal((await worker.wait(id)).state, "lost");
      await worker.remove(id);
      await until("no helper is left", () => runnersOf(state).length === 0);
    }),
});

Deno.test({
  name: "a job is lost, and its record finds space, whose drain was killed while it tried whether there is some",
  ignore: Deno.uid() !== 0,
  fn: () =>
    onSmallDisk(async (worker, disk) => {
      const state = join(disk.path, "state");
      const { id } = await worker.start({ owner: "alice", command: "sleep", args: ["1000"] });
      const tried = join(state, "jobs", id, "stdout.space");
      await command("dd", "if=/dev/zero", `of=${tried}`, "bs=4k");
      for (const pid of runnersOf(state, id)) Deno.kill(pid, "SIGKILL");
      await until("its end is recorded", () => worker.status(id).state === "lost");
      deepEqual([...Deno.readDirSync(join(state, "jobs", id))].filter(({ name }) => name.endsWith(".space")), []);
    }),
});
