import assert from "node:assert/strict";
import { subgroups } from "../../../lib/cgroup/subgroups.ts";
import { cgroupTest, detectElsewhere, start, type TestRoot, waitFor } from "../helpers.ts";

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

await cgroupTest(
  "detectCgroups uses the unit it is alone in, from a leaf of that, and again",
  { mode: "v2" },
  async (root) => {
    const { name } = root;
    const tree = treeOf(root);
    await using unit = new Unit(`${tree}/${name}.service`);
    for (const group of [unit.directory, `${unit.directory}/daemon`]) {
      const { controllers, reason, directories: [directory = ""], memberships } = await detectElsewhere(name, {
        group,
      });
      assert.equal(reason, null);
      assert.deepEqual(controllers, CONTROLLERS);
      assert.ok(directory.startsWith(`${unit.directory}/${name}/`), directory);
      assert.ok(memberships.endsWith(`/${name}.service/daemon\n`), memberships);
    }
  },
);

await cgroupTest("detectCgroups leaves alone a unit that has other processes", { mode: "v2" }, async (root) => {
  const { name } = root;
  const tree = treeOf(root);
  await using unit = new Unit(`${tree}/${name}.scope`);
  const other = start({ directories: [unit.directory] }, "/bin/sleep", "600");
  const procs = () => Deno.readTextFileSync(`${unit.directory}/cgroup.procs`);
  await waitFor("the other process", () => procs() === `${other.pid}\n`);
  const { directories: [directory = ""], memberships } = await detectElsewhere(name, { group: unit.directory });
  assert.ok(directory.startsWith(`${tree}/${name}/`), directory);
  assert.ok(memberships.endsWith(`/${name}.scope\n`), memberships);
  assert.equal(procs(), `${other.pid}\n`);
  Deno.kill(other.pid);
  await other.ended;
});

await cgroupTest(
  "detectCgroups without rights uses the group that is given to it",
  { mode: "v2", nobody: true },
  async (root) => {
    const { name } = root;
    const tree = treeOf(root);
    await using unit = new Unit(`${tree}/${name}-given`);
    for (const file of ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"]) {
      Deno.chownSync(`${unit.directory}/${file}`, 65534, 65534);
    }
    const { controllers, reason, directories: [directory = ""], memberships } = await detectElsewhere(name, {
      group: unit.directory,
      asNobody: true,
    });
    assert.equal(reason, null);
    assert.deepEqual(controllers, CONTROLLERS);
    assert.ok(directory.startsWith(`${unit.directory}/${name}/`), directory);
    assert.ok(memberships.endsWith(`/${name}-given/daemon\n`), memberships);
  },
);
