import assert from "node:assert/strict";
import { readCapacity } from "../../lib/cgroup/capacity.ts";
import { withFiles } from "./helpers.ts";

Deno.test("readCapacity counts CPUs that are online, and memory without swap", () => {
  const stat = `cpu  24 0 9 6 0 0 0 0 0 0
cpu0 12 0 5 3 0 0 0 0 0 0
cpu12 12 0 4 3 0 0 0 0 0 0
intr 220 206 0
ctxt 3584
`;
  const meminfo = "MemTotal:       24684092 kB\nMemFree:        23687688 kB\nSwapTotal:       1000000 kB\n";
  withFiles({ stat, meminfo, "sys/kernel/pid_max": "4194304\n" }, (proc) => {
    assert.deepEqual(readCapacity(proc), { cpus: 2, memoryBytes: 24684092 * 1024, pids: 4194304 });
  });
});

Deno.test("readCapacity knows nothing of what is missing or odd", () => {
  withFiles({ stat: "intr 1\n", meminfo: "MemTotal: much\n", "sys/kernel/pid_max": "max\n" }, (proc) => {
    assert.deepEqual(readCapacity(proc), { cpus: null, memoryBytes: null, pids: null });
  });
  assert.deepEqual(readCapacity("/nonexistent"), { cpus: null, memoryBytes: null, pids: null });
});

Deno.test("readCapacity finds something on this host", () => {
  for (const figure of Object.values(readCapacity())) assert.ok(figure >= 1, `${figure}`);
});
