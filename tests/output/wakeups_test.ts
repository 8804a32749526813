import { dirname } from "node:path";
import { equal } from "../support/assert.ts";
import { until } from "../support/until.ts";
import { TestLog } from "./log.ts";

/** How many inotify watches this process has on a folder; see the lines `inotify` in proc_pid_fdinfo(5). */
function watchesOn(folder: string): number {
  const inode = Deno.statSync(folder).ino?.toString(16);
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fdinfo")) {
    try {
      const info = Deno.readTextFileSync(`/proc/self/fdinfo/${name}`);
      count += info.split("\n").filter((line) => line.startsWith("inotify ") && line.includes(` ino:${inode} `)).length;
    } catch (error) {
      // The descriptor by which the folder was listed is closed by now.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return count;
}

Deno.test("Wakeups watches only while there are followers, with one watch for all", async () => {
  await using log = await TestLog.create();
  const folder = dirname(log.path);
  const { wakeups } = log;
  equal(watchesOn(folder), 0);
  for (let round = 0; round < 3; round++) {
    const leave = Array.from({ length: 10 }, (_, index) => wakeups.subscribe(`${index % 5}.stdout`, () => {}));
    equal(wakeups.followers, 10);
    equal(watchesOn(folder), 1);
    leave.pop()?.();
    equal(watchesOn(folder), 1);
    for (const one of leave) one();
    equal(wakeups.followers, 0);
    await until("the watch is gone", () => watchesOn(folder) === 0);
  }
});

Deno.test("Wakeups tells the followers of a log that it has grown, by the kernel's word", async () => {
  await using log = await TestLog.create();
  let [wakes, others] = [0, 0];
  const leave = [
    log.wakeups.subscribe(log.name, () => wakes++),
    log.wakeups.subscribe("other.stdout", () => others++),
  ];
  // Another process writes, as in life.
  const { success } = await new Deno.Command("sh", { args: ["-c", 'echo x >>"$0"', log.path] }).output();
  equal(success, true);
  await until("the follower is woken", () => wakes > 0);
  equal(others, 0);
  for (const one of leave) one();
});

Deno.test("Wakeups wakes the followers of one log, all of them, and no other's", async () => {
  await using log = await TestLog.create();
  const woken: string[] = [];
  const leave = ["a", "a", "b"].map((name, index) => log.wakeups.subscribe(name, () => woken.push(`${name}${index}`)));
  log.wakeups.wake("a");
  log.wakeups.wake("c");
  equal(woken.join(), "a0,a1");
  leave[0]?.();
  leave[0]?.();
  equal(log.wakeups.followers, 2);
  log.wakeups.wake("a");
  equal(woken.join(), "a0,a1,a1");
  for (const one of leave) one();
  log.wakeups.wake("a");
  equal(woken.join(), "a0,a1,a1");
});

Deno.test("Wakeups wakes followers of logs that are made later", async () => {
  await using log = await TestLog.create();
  const woken = Promise.withResolvers<void>();
  const leave = log.wakeups.subscribe("later.stdout", woken.resolve);
  await Deno.writeTextFile(`${dirname(log.path)}/later.stdout`, "x");
  await woken.promise;
  leave();
});

Deno.test("Wakeups ends its watch when it is disposed of, and followers may leave after that", async () => {
  await using log = await TestLog.create();
  const leave = log.wakeups.subscribe(log.name, () => {});
  log.wakeups[Symbol.dispose]();
  await until("the watch is gone", () => watchesOn(dirname(log.path)) === 0);
  leave();
  equal(log.wakeups.followers, 0);
});
