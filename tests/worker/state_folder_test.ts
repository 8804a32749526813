import { deepEqual, equal, rejects } from "../support/assert.ts";
import { checkStateFolder } from "../../lib/worker/mod.ts";
import { TestWorker } from "./worker.ts";

Deno.test("a state folder that others can write to is refused, also one within it, and check says so", async () => {
  await using test = await TestWorker.open();
  await test.close();
  for (const path of [test.state, `${test.state}/scripts`]) {
    await Deno.chmod(path, 0o707);
    const problem = `others can write to "${path}"; run: chmod o-w "${path}"`;
    await rejects(test.open(), { message: `Cannot use the state folder "${test.state}": ${problem}` });
    if (path === test.state) deepEqual(await checkStateFolder(path), { problem, inUse: false });
    await Deno.chmod(path, 0o775);
  }
  await test.open();
  equal((await test.run(["true"])).exitCode, 0);
});

Deno.test({
  name: "a state folder of another account is refused, also one within it, and check says so",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using test = await TestWorker.open();
    await test.close();
    for (const path of [test.state, `${test.state}/scripts`]) {
      await Deno.chown(path, 65534, null);
      const problem = `"${path}" belongs to another account, of user id 65534`;
      await rejects(test.open(), { message: `Cannot use the state folder "${test.state}": ${problem}` });
      if (path === test.state) deepEqual(await checkStateFolder(path), { problem, inUse: false });
      await Deno.chown(path, 0, null);
    }
    await test.open();
    equal((await test.run(["true"])).exitCode, 0);
  },
});
