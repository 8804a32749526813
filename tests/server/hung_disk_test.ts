import { equal, ok } from "../support/assert.ts";
import { join } from "node:path";
import { canLimit } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { canMountHungDisk, HungDisk } from "../support/hung_disk.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";

/** Of Deno, on which it waits for files. */
const THREADS = 32;
/** Starts of one client that may wait: four in their places, and four that were late. */
const HANGING = 8;

const canMount = canLimit && canMountHungDisk;

Deno.test({
  name:
    "starts that are limited on a disk that does not answer wait alone, however many one client sends (needs root, cgroups, FUSE)",
  ignore: !canMount,
  async fn() {
    await using folder = await TemporaryFolder.create();
    await using daemon = await Daemon.start();
    await using disk = await HungDisk.mount(folder.path);
    ok(disk);
    using alice = await Https.as(daemon, "alice");
    using bob = await Https.as(daemon, "bob");
    let [over, served] = [false, false];
    // Each of another file: the kernel asks once for one.
    const hung = Array.from({ length: 2 * THREADS }, async (_, number) => {
      const limits = { readBytesPerSecond: { [join(disk.path, `${number}`)]: 1_000_000 } };
      const { status, body } = await alice.send("POST", "/v1/jobs", { command: "true", args: [], limits });
      over = true;
      await body?.cancel();
      return status;
    });
    // Those that take long have given up their places.
    await until("as many as may have come to the disk", () => waitingForFuse(daemon.pid) === HANGING);
    const others = bob.start({ command: "true" }).then(({ id }) => bob.wait(id)).finally(() => served = true);
    await until("another is served", () => served);
    equal((await others).exitCode, 0);
    equal(over, false);
    await disk[Symbol.asyncDispose]();
    for (const status of await Promise.all(hung)) equal(status, 422);
  },
});

/** How many threads of a process wait for such a disk. */
function waitingForFuse(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].filter(({ name }) => {
    try {
      return /fuse|request_wait/.test(Deno.readTextFileSync(`/proc/${pid}/task/${name}/stack`));
    } catch {
      return false;
    }
  }).length;
}
