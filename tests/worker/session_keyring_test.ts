import { equal, notEqual, ok } from "../support/assert.ts";
import { TestWorker } from "./worker.ts";

/** What of the kernel's keys this process may see (proc_keys(5)): of keyrings of sessions, its own. */
const KEYS = "/proc/keys";
const hasKeys = await Deno.lstat(KEYS).then(() => true, () => false);

Deno.test({
  name: "a job has a session keyring of its own, neither the daemon's nor another job's",
  ignore: Deno.uid() !== 0 || !hasKeys,
  async fn() {
    await using test = await TestWorker.open();
    const before = keyringsIn(Deno.readTextFileSync(KEYS));
    const [first, second] = [await keyringsOfJob(test), await keyringsOfJob(test)];
    ok(first !== undefined && second !== undefined);
    notEqual(first, second);
    equal(before.includes(first) || before.includes(second), false);
  },
});

async function keyringsOfJob(test: TestWorker): Promise<string | undefined> {
  return keyringsIn(await test.print(["cat", KEYS], { user: "nobody" }))[0];
}

function keyringsIn(text: string): string[] {
  return text.match(/^[0-9a-f]{8}(?=.* keyring +_ses:)/gm) ?? [];
}
