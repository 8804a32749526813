import assert from "node:assert/strict";
import { detectCgroups } from "../../lib/cgroup/mod.ts";
import { cgroupTest, detectElsewhere, TestRoot } from "./helpers.ts";

Deno.test("detectCgroups takes no name that is not one plain folder", () => {
  for (const name of ["", ".", "..", "a/b", "../a", "a b", "a\n", "ä"]) {
    assert.throws(() => detectCgroups({ name }), TypeError, name);
  }
});

Deno.test("detectCgroups does not take the daemon's own group for the one of the jobs", () => {
  assert.throws(() => detectCgroups({ name: "daemon" }), {
    name: "TypeError",
    message: 'Cannot use "daemon" as the name of a cgroup: the daemon itself may sit there',
  });
});

Deno.test("detectCgroups never throws, and says why if it finds nothing", async () => {
  await using root = new TestRoot();
  const { mode, controllers, reason } = root.cgroups;
  assert.ok(["v2", "v1", "hybrid", "none"].includes(mode));
  assert.equal(reason === null, controllers.length > 0);
});

await cgroupTest("detectCgroups without rights says that it may not", { nobody: true }, async ({ cgroups, name }) => {
  const { mode, controllers, reason } = await detectElsewhere(name, { asNobody: true });
  assert.equal(mode, cgroups.mode);
  assert.deepEqual(controllers, []);
  assert.match(reason ?? "", /^Cannot create a cgroup in ".+": permission denied$/);
});
