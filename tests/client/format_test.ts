import fc from "fast-check";
import { deepEqual, equal } from "../support/assert.ts";
import {
  describeCommand,
  describeDuration,
  describeLimits,
  describeState,
  describeUsage,
  formatJob,
  formatTable,
  paint,
} from "../../lib/client/format.ts";
import { aJob } from "../support/a_job.ts";

const PLAIN = { json: false, colour: false };
const COLOUR = { json: false, colour: true };

Deno.test("describeState says how a job ended", () => {
  equal(describeState(aJob({ state: "running" })), "running");
  equal(describeState(aJob({ state: "exited", exitCode: 3 })), "exited 3");
  equal(describeState(aJob({ state: "stopped", signal: "SIGTERM" })), "stopped SIGTERM");
  equal(
    describeState(aJob({ state: "signaled", signal: "SIGKILL", outOfMemory: true })),
    "signaled SIGKILL, out of memory",
  );
  equal(describeState(aJob({ state: "failed" })), "failed");
});

Deno.test("describeCommand quotes only where a shell needs it", () => {
  equal(describeCommand(aJob({ command: "tar", args: ["-czf", "/srv/a.tgz", "a=b"] })), "tar -czf /srv/a.tgz a=b");
  equal(
    describeCommand(aJob({ command: "sh", args: ["-c", "echo it's $HOME", ""] })),
    "sh -c 'echo it'\\''s $HOME' ''",
  );
});

Deno.test("describeCommand gives what a shell reads as the same words", async () => {
  const word = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0") && text.isWellFormed());
  const property = fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 30 }), async (words) => {
    const line = describeCommand(aJob({ command: "printf", args: ["%s\\0", ...words] }));
    const { stdout } = await new Deno.Command("sh", { args: ["-c", line] }).output();
    deepEqual(new TextDecoder("utf-8", { ignoreBOM: true }).decode(stdout).split("\0").slice(0, -1), words);
  });
  await fc.assert(property, { numRuns: 50 });
});

Deno.test("formatTable aligns its columns and ends no line with spaces", () => {
  deepEqual(formatTable([["ID", "NAME"], ["1", "long name"], ["22", ""]]), ["ID  NAME", "1   long name", "22"]);
  deepEqual(formatTable([]), []);
});

Deno.test("describeLimits names only what is limited", () => {
  equal(describeLimits(aJob({ limits: { cpus: null, pids: null } })), null);
  const limits = {
    cpus: 0.5,
    cpuWeight: 50,
    memoryBytes: 2 ** 26,
    pids: 64,
    readBytesPerSecond: 2 ** 20,
    writeBytesPerSecond: 512,
    readOperationsPerSecond: 100,
    writeOperationsPerSecond: 200,
    ioWeight: 10,
    unheardOf: 7,
  };
  equal(
    describeLimits(aJob({ limits })),
    "cpus 0.5, cpu weight 50, memory 64M, processes 64, reads 1M/s, writes 512B/s, read operations 100/s, " +
      "write operations 200/s, io weight 10, unheardOf 7",
  );
});

Deno.test("describeLimits: a soft and a hard limit of open files → both", () => {
  equal(describeLimits(aJob({ limits: { openFiles: { soft: 256, hard: 1024 } } })), "open files 256:1024");
  equal(describeLimits(aJob({ limits: { openFiles: 256 } })), "open files 256");
});

Deno.test("describeUsage leaves out what the host cannot tell", () => {
  equal(describeUsage(aJob({})), null);
  const usage = { cpuSeconds: 1.25, memoryPeakBytes: 2 ** 21, processesPeak: 3 };
  equal(describeUsage(aJob({ usage })), "cpu 1.3s, peak 2M, most processes 3");
});

Deno.test("formatJob shows a fact a line, and keeps the text of others on its line", () => {
  const job = aJob({
    name: "backup",
    command: "sh",
    args: ["-c", "echo a\nid          forged\x1b]0;title\x07\u202e"],
    envNames: ["A", "B"],
    state: "failed",
    reason: 'Cannot start "sh\x1b[2J": no such program',
  });
  deepEqual(formatJob(job, PLAIN, { stdout: 3 * 2 ** 20, stderr: 0 }), [
    `id          ${job.id}`,
    "name        backup",
    "owner       alice",
    "command     sh -c 'echo a\\nid          forged\\u001b]0;title\\u0007\\u202e'",
    "folder      /",
    "environment A B",
    "state       failed",
    'reason      Cannot start "sh\\u001b[2J": no such program',
    `created     ${job.createdAt}`,
    "kept        the newest 1G of each stream; the oldest 3M of its stdout are gone",
  ]);
});

Deno.test("describeDuration says of a job too short for the host's clock that it is short", () => {
  deepEqual(
    [null, 0, 0.01, 0.12, 1.23, 192].map((durationSeconds) => describeDuration(aJob({ durationSeconds }))),
    [null, "<10ms", "10ms", "120ms", "1.2s", "3m12s"],
  );
});

Deno.test("paint colours a state only where colour is wanted", () => {
  equal(paint("running", aJob({ state: "running" }), PLAIN), "running");
  equal(paint("running", aJob({ state: "running" }), COLOUR), "\x1b[32mrunning\x1b[0m");
  equal(paint("exited 0", aJob({ state: "exited", exitCode: 0 }), COLOUR), "exited 0");
  equal(paint("exited 1", aJob({ state: "exited", exitCode: 1 }), COLOUR), "\x1b[31mexited 1\x1b[0m");
});

Deno.test("describeState shows a signal's name and obeys no terminal escapes in it", () => {
  equal(describeState(aJob({ state: "signaled", signal: "\x1b[2J" })), "signaled \\u001b[2J");
});
