import { deepEqual, equal, match } from "../support/assert.ts";
import { aJob } from "../support/a_job.ts";
import { makeCertificates } from "../support/certificates.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Ended, teleworker } from "../support/teleworker.ts";
import { json, type Script, scriptedServer } from "./scripted_server.ts";

/** What only a newer server says, in every place where it may. */
const NEWER = {
  state: "paused",
  signal: "SIGFUTURE",
  mood: { good: true },
  gaps: { stdout: [7], stderr: [], stdlog: [1] },
  limits: {
    cpus: 0.5,
    openFiles: { soft: 20, hard: 40 },
    constructor: 3,
    placement: "anywhere",
    hosts: ["one"],
    none: null,
  },
};
const JOB = { ...aJob({ command: "sleep", args: ["60"], startedAt: "2026-01-02T03:04:06.000Z" }), ...NEWER };
const END = { endedAt: "2026-01-02T03:05:06.000Z", exitCode: 4, signal: null, state: "evaporated" };
const VERSION = { version: "9.9.9", deno: "9", cgroup: { mode: "v3", controllers: ["quantum"], reason: null, x: 1 } };

/** Runs the client against a server that has one job, which ends when it is asked about for the `endsAt`th time. */
async function run(args: readonly string[], endsAt = Infinity, job: Record<string, unknown> = JOB): Promise<Ended> {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  let asked = 0;
  const script: Script = (path, _connection, socket) => {
    const { pathname } = new URL(path, "https://localhost");
    if (pathname === "/v1/version") socket.write(json(VERSION));
    else if (pathname === "/v1/jobs" && path.includes("?")) {
      socket.write(json({ jobs: [job], damaged: [], cursor: null, total: 1 }));
    } else if (/\/std(out|err)$/.test(pathname)) {
      const [head, body] = ["HTTP/1.1 200 OK\r\nteleworker-offset: 0\r\ncontent-length: ", "out\n"];
      socket.write(`${head}${body.length}\r\n\r\n${body}`);
    } else if (pathname === "/v1/jobs") socket.write(json(job));
    else socket.write(json(++asked < endsAt ? job : { ...job, ...END }));
  };
  await using server = await scriptedServer(folder.path, script);
  return await teleworker({ address: server.address, certs: folder.path }, args);
}

Deno.test("A newer server's job: list → shown as it is", async () => {
  const { code, stdout, stderr } = await run(["list", "--all"]);
  deepEqual({ code, stderr }, { code: 0, stderr: "" });
  match(stdout, new RegExp(`^${JOB.id}  -     alice  paused SIGFUTURE  -        sleep 60$`, "m"));
});

Deno.test("A newer server's job: status → shown with limits of any kind", async () => {
  const { code, stdout, stderr } = await run(["status", JOB.id]);
  deepEqual({ code, stderr }, { code: 0, stderr: "" });
  match(stdout, /^state {7}paused SIGFUTURE$/m);
  equal(
    /^limits {6}(.*)$/m.exec(stdout)?.[1],
    'cpus 0.5, open files 20:40, constructor 3, placement "anywhere", hosts ["one"]',
  );
});

Deno.test("A newer server's job: status --output json → every field passed on", async () => {
  const { stdout } = await run(["status", JOB.id, "--output", "json"]);
  deepEqual(JSON.parse(stdout), JOB);
});

Deno.test("A newer server's job: stats, logs and completion → shown", async () => {
  const stats = await run(["stats", "--once", JOB.id]);
  deepEqual([stats.code, stats.stderr], [0, ""]);
  match(stats.stdout, /^0b8b6c1e {2}- {5}paused SIGFUTURE {2}/m);
  const logs = await run(["logs", "--stdout", JOB.id]);
  deepEqual([logs.code, logs.stdout], [0, "out\n"]);
  const offered = await run(["completion", "zsh", "--", "status", ""]);
  equal(offered.stdout, `${JOB.id}\tpaused SIGFUTURE: sleep 60\n`);
});

Deno.test("A newer server's job: wait and run → end only with its end", async () => {
  // Each answer before the third says a state that may be anything but an end.
  const waited = await run(["wait", JOB.id], 3);
  deepEqual(waited, { code: 4, stdout: `${JOB.id} evaporated 4\n`, stderr: "" });
  const ran = await run(["run", "--", "sleep", "60"], 3);
  equal(ran.code, 4);
  match(ran.stdout, /^out\n$/);
});

Deno.test("A newer server's job: start and stop → accepted", async () => {
  const started = await run(["start", "--", "sleep", "60"]);
  deepEqual(started, { code: 0, stdout: `${JOB.id}\n`, stderr: "" });
  deepEqual(await run(["stop", JOB.id], 1), { code: 0, stdout: `${JOB.id} evaporated 4\n`, stderr: "" });
});

Deno.test("A newer server's job: state for a terminal → escaped", async () => {
  const { stdout } = await run(["list"], Infinity, { ...JOB, state: "\x1b[2J\u202eup" });
  equal(stdout.includes("\\u001b[2J\\u202eup SIGFUTURE"), true, stdout);
  for (const control of ["\x1b", "\u202e"]) equal(stdout.includes(control), false);
});

Deno.test("A newer server's job: state of an object's name → no colour, no crash", async () => {
  const { code, stdout } = await run(["list"], Infinity, { ...JOB, state: "constructor" });
  equal(code, 0);
  match(stdout, /constructor SIGFUTURE/);
});
