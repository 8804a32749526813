import { createHash } from "node:crypto";
import { deepEqual, equal, rejects } from "../support/assert.ts";
import { until } from "../support/until.ts";
import { Wakeups } from "../../lib/output/mod.ts";
import { hashOf, noise, TestLog, textOf } from "./log.ts";

/** How many descriptors of this process are open on a file; its writer's is one. */
function openDescriptorsOf(path: string): number {
  const targets = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`);
    } catch {
      // That by which the folder was listed.
      return null;
    }
  });
  return targets.filter((target) => target === path).length;
}

const decode = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

Deno.test("readLog follows a log as it grows, to its end", async () => {
  await using log = await TestLog.create("one ");
  const reader = (await log.follow()).getReader();
  equal(decode((await reader.read()).value), "one ");
  for (const word of ["two ", "three ", "\0"]) {
    const next = reader.read();
    log.append(word);
    equal(decode((await next).value), word);
  }
  const last = reader.read();
  log.complete();
  deepEqual(await last, { done: true, value: undefined });
  equal(log.closed, 1);
});

Deno.test("readLog follows from an offset that is not there yet", async () => {
  await using log = await TestLog.create("abc");
  const text = textOf(await log.follow({ offset: 5 }));
  log.append("de");
  log.append("fgh");
  log.complete();
  equal(await text, "fgh");
});

Deno.test("readLog follows a log that ends without a byte", async () => {
  await using log = await TestLog.create();
  const text = textOf(await log.follow());
  await until("it waits", () => log.wakeups.followers === 1);
  log.complete();
  equal(await text, "");
});

Deno.test("readLog misses nothing that comes with the end, wherever in a look it comes", async () => {
  for (let look = 1; look <= 4; look++) {
    for (const delay of [queueMicrotask, setTimeout, (end: () => void) => end()]) {
      await using log = await TestLog.create("first");
      let looks = 0;
      let complete = false;
      const end = () => {
        log.append("-last");
        complete = true;
        log.wakeups.wake(log.name);
      };
      const isComplete = () => {
        const answer = complete;
        if (++looks === look) delay(end);
        return answer;
      };
      const text = textOf(await log.follow({ follow: { wakeups: log.wakeups, isComplete } }));
      // A follower that is waiting is woken by the end; one that has not looked so often needs another reason to look.
      while (!complete) {
        log.wakeups.wake(log.name);
        await new Promise((resolve) => setTimeout(resolve));
      }
      equal(await text, "first-last", `look ${look}, ${delay.name}`);
    }
  }
});

Deno.test("readLog leaves nothing open where the kernel gives no watch", async () => {
  await using log = await TestLog.create("abc");
  // As with no inotify instance left (inotify(7)), of which there are few for all programs of a user.
  using wakeups = new Wakeups(`${log.path}.no-such-folder`);
  await rejects(log.follow({ follow: { wakeups, isComplete: () => false } }));
  deepEqual([wakeups.followers, openDescriptorsOf(log.path)], [0, 1]);
});

Deno.test("readLog lets go of file and wakeups when a follower is cancelled while it waits", async () => {
  await using log = await TestLog.create("abc");
  const reader = (await log.follow()).getReader();
  await reader.read();
  const waiting = reader.read();
  equal(log.wakeups.followers, 1);
  await reader.cancel();
  deepEqual(await waiting, { done: true, value: undefined });
  deepEqual([log.wakeups.followers, log.closed], [0, 1]);
});

Deno.test("readLog errs for a follower that waits when the signal comes", async () => {
  await using log = await TestLog.create();
  const ending = new AbortController();
  const reader = (await log.follow({ signal: ending.signal })).getReader();
  const waiting = reader.read();
  ending.abort(new Error("The daemon is ending"));
  await rejects(waiting, /The daemon is ending/);
  deepEqual([log.wakeups.followers, log.closed], [0, 1]);
});

Deno.test("readLog gives 50 followers who join at any time the same bytes", async () => {
  await using log = await TestLog.create();
  const content = noise(2_000_000);
  const followers: Promise<string>[] = [];
  for (let offset = 0; offset < content.length; offset += 40_000) {
    log.append(content.subarray(offset, offset + 40_000));
    followers.push(hashOf(await log.follow()));
    // Lets the followers that are there run.
    await new Promise((resolve) => setTimeout(resolve));
  }
  equal(followers.length, 50);
  log.complete();
  equal(new Set(await Promise.all(followers)).size, 1);
  equal(await followers[0], createHash("sha256").update(content).digest("hex"));
  deepEqual([log.wakeups.followers, log.closed], [0, 50]);
});

Deno.test("readLog lets the fast ones go on beside a slow reader, who gets all in the end", async () => {
  await using log = await TestLog.create(noise(100_000));
  const slow = (await log.follow()).getReader();
  const hash = createHash("sha256").update((await slow.read()).value ?? "");
  const fast = Array.from({ length: 5 }, async () => await hashOf(await log.follow()));
  log.append(noise(3_000_000));
  log.complete();
  const hashes = await Promise.all(fast);
  equal(log.closed, 5);
  for (;;) {
    const { done, value } = await slow.read();
    if (done) break;
    hash.update(value);
  }
  equal(new Set([...hashes, hash.digest("hex")]).size, 1);
  equal(log.closed, 6);
});
