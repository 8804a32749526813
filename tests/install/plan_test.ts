import { join } from "node:path";
import { deepEqual } from "../support/assert.ts";
import { carryOut } from "../../lib/install/carry_out.ts";
import { PROGRAM, UNIT } from "../../lib/install/layout.ts";
import { planInstall } from "../../lib/install/plan.ts";
import { TemporaryFolder } from "../support/folder.ts";

Deno.test({
  name: "a program and a unit that belong to somebody else are replaced, even by the same",
  // Only root can give files away.
  ignore: Deno.uid() !== 0,
  async fn() {
    await using folder = await TemporaryFolder.create();
    const plan = () => planInstall({ root: folder.path, systemd: false }, new TextEncoder().encode("program"), true);
    carryOut(plan());
    deepEqual(plan().map(({ action }) => action), ["keep", "keep", "keep", "keep"]);
    for (const path of [PROGRAM, UNIT]) await Deno.chown(join(folder.path, path), 65_534, 65_534);
    deepEqual(plan().map(({ action }) => action), ["replace", "keep", "keep", "replace"]);
    carryOut(plan());
    deepEqual(plan().map(({ action }) => action), ["keep", "keep", "keep", "keep"]);
  },
});
