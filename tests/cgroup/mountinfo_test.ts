import assert from "node:assert/strict";
import { parseMemberships, parseMountinfo } from "../../lib/cgroup/mountinfo.ts";

Deno.test("parseMountinfo reads a mount with any number of optional fields", () => {
  const text = [
    "25 30 0:23 / /sys rw,nosuid shared:7 - sysfs sysfs rw",
    "26 25 0:24 /docker/1f /sys/fs/cgroup ro,nosuid,nodev shared:9 master:1 propagate_from:2 - cgroup2 cgroup2 rw,nsdelegate",
    "33 26 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct",
    "",
  ].join("\n");
  assert.deepEqual(parseMountinfo(text).slice(1), [
    {
      root: "/docker/1f",
      mountPoint: "/sys/fs/cgroup",
      type: "cgroup2",
      options: ["rw", "nsdelegate"],
      readOnly: true,
    },
    {
      root: "/",
      mountPoint: "/sys/fs/cgroup/cpu",
      type: "cgroup",
      options: ["rw", "cpu", "cpuacct"],
      readOnly: false,
    },
  ]);
});

Deno.test("parseMountinfo undoes the kernel's escapes", () => {
  const [mount] = parseMountinfo("1 2 0:3 /a\\134b /mnt/a\\040b\\011c\\012d\\134040 rw - cgroup2 none rw");
  assert.equal(mount?.root, "/a\\b");
  assert.equal(mount?.mountPoint, "/mnt/a b\tc\nd\\040");
});

Deno.test("parseMountinfo sees a file system that is read-only as a whole", () => {
  assert.equal(parseMountinfo("1 2 0:3 / /mnt rw - cgroup2 none ro")[0]?.readOnly, true);
});

Deno.test("parseMountinfo passes over lines that are none", () => {
  assert.deepEqual(parseMountinfo("\ngarbage\n1 2 0:3 / /mnt rw cgroup2 none rw\n1 2 0:3 / /mnt rw -\n"), []);
});

Deno.test("parseMemberships reads v1, named and v2 trees", () => {
  const text = "12:cpu,cpuacct:/a\n2:name=systemd:/b:c\n0::/user.slice/user-1000.slice\n";
  assert.deepEqual(parseMemberships(text), [
    { controllers: ["cpu", "cpuacct"], path: "/a" },
    { controllers: ["name=systemd"], path: "/b:c" },
    { controllers: [], path: "/user.slice/user-1000.slice" },
  ]);
});

Deno.test("parseMemberships passes over lines that are none", () => {
  assert.deepEqual(parseMemberships("\n0:/\nx::/\n0::relative\n"), []);
});
