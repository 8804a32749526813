import assert from "node:assert/strict";
import { subgroups } from "../../../lib/cgroup/subgroups.ts";
import { cgroupTest, detectElsewhere, type TestRoot, waitFor } from "../helpers.ts";

const CONTROLLERS = ["cpu", "io", "memory", "pids"];

/** Where the tree is mounted that a root is in. */
function treeOf({ cgroups, name }: TestRoot): string {
  const [directory = ""] = cgroups.create(crypto.randomUUID(), {}).directories;
  return directory.slice(0, directory.indexOf(`/${name}/`));
}

/** A group beside our root, as systemd makes one for a unit. */
class Unit implements AsyncDisposable {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
    Deno.mkdirSync(directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Deno.writeTextFileSync(`${this.directory}/cgroup.kill`, "1");
    const populated = () => !Deno.readTextFileSync(`${this.directory}/cgroup.events`).includes("populated 0");
    await waitFor("the end of all processes", () => !populated());
    for (const directory of subgroups(this.directory)) Deno.removeSync(directory);
  }
}

await cgroupTest("detectCgroups uses the unit in whose leaf it was started", { mode: "v2" }, async (root) => {
  const { name } = root;
  await using unit = new Unit(`${treeOf(root)}/${name}.service`);
  const leaf = `${unit.directory}/daemon`;
  Deno.mkdirSync(leaf);
  const { controllers, reason, directories: [directory = ""], memberships } = await detectElsewhere(name, {
    group: leaf,
  });
  assert.equal(reason, null);
  assert.deepEqual(controllers, CONTROLLERS);
  assert.ok(directory.startsWith(`${unit.directory}/${name}/`), directory);
  assert.ok(memberships.endsWith(`/${name}.service/daemon\n`), memberships);
});

await cgroupTest("detectCgroups leaves alone a unit that could not be restarted then", { mode: "v2" }, async (root) => {
  const { name } = root;
  const tree = treeOf(root);
  await using unit = new Unit(`${tree}/${name}.service`);
  const { directories: [directory = ""], memberships } = await detectElsewhere(name, { group: unit.directory });
  assert.ok(directory.startsWith(`${tree}/${name}/`), directory);
  assert.ok(memberships.endsWith(`/${name}.service\n`), memberships);
  assert.equal(Deno.readTextFileSync(`${unit.directory}/cgroup.subtree_control`).trim(), "");
});

await cgroupTest(
  "detectCgroups without rights moves to a leaf of the group that is given to it, and stays there",
  { mode: "v2", nobody: true },
  async (root) => {
    const { name } = root;
    await using unit = new Unit(`${treeOf(root)}/${name}-given`);
    for (const file of ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"]) {
      Deno.chownSync(`${unit.directory}/${file}`, 65534, 65534);
    }
    for (const group of [unit.directory, `${unit.directory}/daemon`]) {
      const found = await detectElsewhere(name, { group, asNobody: true });
      assert.equal(found.reason, null);
      assert.deepEqual(found.controllers, CONTROLLERS);
      const [directory = ""] = found.directories;
      assert.ok(directory.startsWith(`${unit.directory}/${name}/`), directory);
      assert.ok(found.memberships.endsWith(`/${name}-given/daemon\n`), found.memberships);
    }
  },
);
