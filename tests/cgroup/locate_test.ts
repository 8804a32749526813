import assert from "node:assert/strict";
import { locate } from "../../lib/cgroup/locate.ts";

const SYS = "25 30 0:23 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n";
const V2 =
  `${SYS}26 25 0:24 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n`;

Deno.test("locate finds v1 trees, co-mounted ones too, and leaves out those it has no use for", () => {
  const mountinfo = `${SYS}31 25 0:26 / /sys/fs/cgroup ro shared:9 - tmpfs tmpfs ro,mode=755
32 31 0:27 / /sys/fs/cgroup/systemd rw shared:10 - cgroup cgroup rw,xattr,name=systemd
33 31 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:11 - cgroup cgroup rw,cpu,cpuacct
34 31 0:29 / /sys/fs/cgroup/net_cls,net_prio rw shared:12 - cgroup cgroup rw,net_cls,net_prio
35 31 0:30 / /sys/fs/cgroup/memory rw shared:13 - cgroup cgroup rw,memory
36 31 0:31 / /sys/fs/cgroup/freezer rw shared:14 - cgroup cgroup rw,freezer
`;
  assert.deepEqual(locate(mountinfo, "4:memory:/user.slice\n3:cpu,cpuacct:/user.slice\n"), {
    mode: "v1",
    trees: [
      { mountPoint: "/sys/fs/cgroup/cpu,cpuacct", controllers: ["cpu", "cpuacct"] },
      { mountPoint: "/sys/fs/cgroup/memory", controllers: ["memory"] },
      { mountPoint: "/sys/fs/cgroup/freezer", controllers: ["freezer"] },
    ],
  });
});

Deno.test("locate uses v1 on a hybrid host", () => {
  const mountinfo = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;
  assert.deepEqual(locate(mountinfo, "8:pids:/\n1:cpu:/\n0::/\n"), {
    mode: "hybrid",
    trees: [
      { mountPoint: "/sys/fs/cgroup/cpu", controllers: ["cpu"] },
      { mountPoint: "/sys/fs/cgroup/pids", controllers: ["pids"] },
    ],
  });
});

Deno.test("locate uses v2 where v1 has only controllers that limit nothing", () => {
  const mountinfo = `${V2}40 26 0:40 / /mnt/net_cls rw - cgroup none rw,net_cls
41 26 0:41 / /mnt/freezer rw - cgroup none rw,freezer
`;
  assert.equal(locate(mountinfo, "0::/\n").mode, "v2");
});

for (
  const [where, own, path] of [
    ["the root", "/sys/fs/cgroup", "/"],
    [
      "a login session",
      "/sys/fs/cgroup/user.slice/user-0.slice/session-3.scope",
      "/user.slice/user-0.slice/session-3.scope",
    ],
    ["a service", "/sys/fs/cgroup/system.slice/teleworker.service", "/system.slice/teleworker.service"],
    ["a name with colons", "/sys/fs/cgroup/a:b::c", "/a:b::c"],
    ["a group outside of the namespace", null, "/../other"],
    ["a group that is gone", null, "/gone (deleted)"],
  ] as const
) {
  Deno.test(`locate finds its own v2 group in ${where}`, () => {
    assert.deepEqual(locate(V2, `0::${path}\n`), { mode: "v2", tree: { mountPoint: "/sys/fs/cgroup", own } });
  });
}

Deno.test("locate finds its own v2 group where a mount shows only a part of the tree", () => {
  const mountinfo = "26 25 0:24 /docker/1f /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
  const own = (path: string) => {
    const location = locate(mountinfo, `0::${path}\n`);
    return location.mode === "v2" ? location.tree.own : undefined;
  };
  assert.equal(own("/docker/1f"), "/sys/fs/cgroup");
  assert.equal(own("/docker/1f/init"), "/sys/fs/cgroup/init");
  assert.equal(own("/docker/1f2"), null);
  assert.equal(own("/"), null);
});

Deno.test("locate takes the writable mount in a container that has a read-only one too", () => {
  const mountinfo = `${
    V2.replace("rw,relatime", "ro,relatime")
  }90 25 0:24 / /host\\040cgroup rw - cgroup2 cgroup2 rw\n`;
  assert.deepEqual(locate(mountinfo, "0::/\n"), {
    mode: "v2",
    tree: { mountPoint: "/host cgroup", own: "/host cgroup" },
  });
});

Deno.test("locate does without a membership of its own", () => {
  assert.deepEqual(locate(V2, ""), { mode: "v2", tree: { mountPoint: "/sys/fs/cgroup", own: null } });
});

Deno.test("locate finds nothing on a host without cgroups", () => {
  assert.deepEqual(locate(SYS, "0::/\n"), { mode: "none" });
  assert.deepEqual(locate("", ""), { mode: "none" });
});
