import assert from "node:assert/strict";
import { parseUsage } from "../../lib/cgroup/mod.ts";
import { UNKNOWN_USAGE } from "../../lib/cgroup/usage.ts";

const lines = (text: string) => text.trim().split("\n");

Deno.test("parseUsage reads the files of v2", () => {
  const usage = parseUsage({
    "cpu.stat": lines(`
usage_usec 2403711
user_usec 1800500
system_usec 603211
nr_periods 31
nr_throttled 24
throttled_usec 1910432
nr_bursts 0
burst_usec 0`),
    "memory.peak": ["67108864"],
    "memory.events": lines(`
low 0
high 0
max 163
oom 2
oom_kill 3
oom_group_kill 1`),
    "io.stat": lines(`
259:0 rbytes=4096 wbytes=8388608 rios=4 wios=72 dbytes=0 dios=0
8:0 rbytes=1000 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`),
    "pids.peak": ["17"],
  });
  assert.deepEqual(usage, {
    cpuUserSeconds: 1.8005,
    cpuSystemSeconds: 0.603211,
    cpuSeconds: 2.403711,
    cpuThrottledSeconds: 1.910432,
    memoryBytes: null,
    memoryPeakBytes: 67108864,
    outOfMemoryKills: 3,
    readBytes: 5096,
    writtenBytes: 8388608,
    readOperations: 5,
    writeOperations: 72,
    processes: null,
    processesPeak: 17,
  });
});

Deno.test("parseUsage reads the files of v1", () => {
  const usage = parseUsage({
    "cpu.stat": lines(`
nr_periods 21
nr_throttled 19
throttled_time 1510432000
nr_bursts 0
burst_time 0`),
    "cpuacct.usage": ["412345678"],
    "cpuacct.stat": ["user 29", "system 12"],
    "memory.max_usage_in_bytes": ["67104768"],
    "memory.oom_control": ["oom_kill_disable 0", "under_oom 0", "oom_kill 1"],
    "blkio.throttle.io_service_bytes_recursive": lines(`
254:0 Read 4096
254:0 Write 1048576
254:0 Sync 1052672
254:0 Async 0
254:0 Discard 0
254:0 Total 1052672
8:16 Read 100
8:16 Write 0
8:16 Total 100
Total 1052772`),
    "blkio.throttle.io_serviced": ["254:0 Read 1", "254:0 Write 4", "254:0 Total 5", "Total 5"],
    "pids.peak": ["2"],
  });
  assert.deepEqual(usage, {
    cpuUserSeconds: 0.29,
    cpuSystemSeconds: 0.12,
    cpuSeconds: 0.412345678,
    cpuThrottledSeconds: 1.510432,
    memoryBytes: null,
    memoryPeakBytes: 67104768,
    outOfMemoryKills: 1,
    readBytes: 4196,
    writtenBytes: 1048576,
    readOperations: 1,
    writeOperations: 4,
    processes: null,
    processesPeak: 2,
  });
});

Deno.test("parseUsage reads live files", () => {
  assert.equal(parseUsage({ "memory.current": ["4096"] }).memoryBytes, 4096);
  assert.equal(parseUsage({ "memory.usage_in_bytes": ["8192"] }).memoryBytes, 8192);
  assert.equal(parseUsage({ "pids.current": ["3"] }).processes, 3);
});

Deno.test("parseUsage takes a group that did no IO for one that did none", () => {
  const none = { readBytes: 0, writtenBytes: 0 };
  for (
    const files of [{ "io.stat": [] }, { "io.stat": [""] }, { "io.stat": ["254:0 "] }, {
      "blkio.throttle.io_service_bytes": ["Total 0"],
    }]
  ) {
    const { readBytes, writtenBytes } = parseUsage(files);
    assert.deepEqual({ readBytes, writtenBytes }, none);
  }
});

Deno.test("parseUsage adds nothing of a disk without numbers to one with some", () => {
  assert.equal(parseUsage({ "io.stat": ["7:0 ", "8:0 rbytes=5 wbytes=6 rios=1 wios=1"] }).readBytes, 5);
});

Deno.test("parseUsage knows nothing without files", () => {
  assert.deepEqual(parseUsage({}), UNKNOWN_USAGE);
});

Deno.test("parseUsage knows nothing of missing keys, and keeps the others", () => {
  const usage = parseUsage({ "cpu.stat": ["usage_usec 1000000"], "memory.oom_control": ["oom_kill_disable 0"] });
  assert.deepEqual(usage, { ...UNKNOWN_USAGE, cpuSeconds: 1 });
});

Deno.test("parseUsage takes nothing odd for a number", () => {
  const odd = ["", "max", "-1", "1e3", "0x10", "1.5", "12Q", " ", "NaN", "Infinity", "\0", "9".repeat(400)];
  for (const value of odd) {
    const usage = parseUsage({
      "cpu.stat": [`usage_usec ${value}`, `user_usec`, value, `throttled_time ${value}`],
      "cpuacct.usage": [value],
      "cpuacct.stat": [`user ${value}`],
      "memory.peak": [value],
      "memory.max_usage_in_bytes": [value],
      "memory.events": [`oom_kill ${value}`],
      "io.stat": [`x${value}`, `8:0 rbytes=${value} wbytes rios= =3`],
      "blkio.throttle.io_service_bytes": [`8:0 Read ${value}`, `Read 5`, value],
      "pids.peak": [value],
    });
    assert.deepEqual(usage, UNKNOWN_USAGE, value);
  }
});

Deno.test("parseUsage takes the largest numbers of the kernel", () => {
  const usage = parseUsage({
    "memory.peak": ["18446744073709551615"],
    "cpu.stat": ["usage_usec 18446744073709551615"],
  });
  assert.equal(usage.memoryPeakBytes, 2 ** 64);
  assert.equal(usage.cpuSeconds, 2 ** 64 / 1e6);
});
