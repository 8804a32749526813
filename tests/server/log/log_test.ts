import { join } from "node:path";
import { z } from "zod";
import { deepEqual, equal, notEqual, ok } from "../../support/assert.ts";
import { Daemon } from "../../support/daemon.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { Https } from "../../support/https.ts";
import { programEnvironment, programWords } from "../../support/programs.ts";
import { until } from "../../support/until.ts";
import { mkfifo } from "../../support/mkfifo.ts";
import { parseAuditLines } from "./audit_line.ts";
import { RawConnection } from "../transport/raw.ts";

const recordSchema = z.looseObject({
  "@timestamp": z.iso.datetime(),
  level: z.string(),
  message: z.string(),
  logger: z.string(),
});

Deno.test("the log is a JSON object a line and has no secrets, even when it tells all", async () => {
  await using daemon = await Daemon.start({ flags: ["--log-level", "debug"] });
  const secret = `secret-${crypto.randomUUID()}`;
  {
    using alice = await Https.as(daemon, "alice");
    using eve = await Https.as(daemon, "eve");
    const body = { command: "printenv", args: ["TOKEN"], env: { TOKEN: secret } };
    const { id } = await alice.start(body);
    await alice.wait(id);
    equal(await (await alice.send("GET", `/v1/jobs/${id}/stdout`)).text(), `${secret}\n`);
    const failed = await alice.start({ ...body, command: "/no/such" });
    // Refusals of every kind.
    for (const wrong of [{ ...body, env: { "1": secret } }, { ...body, nonsense: secret }, `{"${secret}`]) {
      await (await alice.send("POST", "/v1/jobs", wrong)).body?.cancel();
    }
    await (await eve.send("DELETE", `/v1/jobs/${failed.id}`)).body?.cancel();
    await using stranger = await RawConnection.open(daemon, { certificate: null });
    await stranger.ended();
    await using server = await RawConnection.open(daemon, { certificate: "server" });
    await server.ended();
  }
  await daemon.end();
  // The audit log's lines are there too.
  const lines = daemon.log.trimEnd().split("\n").filter((line) => !line.includes('"event":'));
  const records = lines.map((line) => recordSchema.parse(JSON.parse(line)));
  ok(records.some(({ message }) => message.startsWith("Refused")), daemon.log);
  for (const word of [secret, "PRIVATE KEY", "BEGIN "]) equal(daemon.log.includes(word), false, word);
  for await (const { name } of Deno.readDir(daemon.certs)) {
    if (!name.endsWith("-key.pem")) continue;
    const key = (await Deno.readTextFile(`${daemon.certs}/${name}`)).split("\n")[1] ?? "";
    equal(daemon.log.includes(key), false, name);
  }
});

Deno.test("the values of a job's environment are nowhere on disk", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const secret = `secret-${crypto.randomUUID()}`;
  const { id } = await alice.start({ command: "true", env: { TOKEN: secret } });
  await alice.wait(id);
  const { stdout } = await new Deno.Command("grep", { args: ["-r", "-l", "-F", secret, daemon.state] }).output();
  equal(new TextDecoder().decode(stdout), "");
});

Deno.test("without a file the audit log is on stderr, beside the log and told apart by its events", async () => {
  await using daemon = await Daemon.start({ flags: ["--log-level", "error"] });
  {
    using alice = await Https.as(daemon, "alice");
    equal(await alice.status("/v1/jobs"), 200);
    await (await alice.send("DELETE", "/v1/\u009b\u202ejobs")).body?.cancel();
    await using stranger = await RawConnection.open(daemon, { certificate: "ca" });
    await stranger.ended();
    await alice.wait((await alice.start({ command: "true", args: ["secret"] })).id);
  }
  await daemon.end();
  ok(/^[\x20-\x7e\n]*$/.test(daemon.log), daemon.log);
  equal(daemon.log.includes("secret"), false);
  const lines = parseAuditLines(daemon.log);
  deepEqual(lines.map(({ event, allowed, route, name, status }) => [event, allowed, route, name, status]), [
    ["decision", true, "list", "alice", undefined],
    ["decision", false, null, "alice", 404],
    ["handshake", false, undefined, undefined, undefined],
    ["decision", true, "start", "alice", undefined],
    ["outcome", true, "start", "alice", 201],
    ["decision", true, "status", "alice", undefined],
  ]);
});

Deno.test("a daemon whose stderr is closed, full, or read by nobody goes on, and ends in order", async (t) => {
  await using folder = await TemporaryFolder.create();
  const pipe = join(folder.path, "pipe");
  await mkfifo(pipe);
  const redirections = { closed: "2>&-", full: "2>/dev/full", "read by nobody": '2<>"$0"' };
  for (const [what, redirection] of Object.entries(redirections)) {
    await t.step(what, async () => {
      await using daemon = await Daemon.start({ prefix: ["sh", "-c", `exec "$@" ${redirection}`, pipe] });
      // More lines than a pipe takes.
      using alice = await Https.as(daemon, "alice");
      for (let turn = 0; turn < 500; turn++) equal(await alice.status("/v1/jobs"), 200);
      const { id } = await alice.start({ command: "true" });
      notEqual((await alice.wait(id)).endedAt, null);
      deepEqual(await daemon.end(), { success: true, code: 0, signal: null });
    });
  }
});

Deno.test("a daemon whose stdout cannot be written starts all the same", async () => {
  await using daemon = await Daemon.start();
  await daemon.end();
  const words = programWords("teleworkerd");
  const flags = ["--socket", daemon.socket, "--state-dir", daemon.state, "--cgroup-root", daemon.cgroupRoot];
  const silent = new Deno.Command("sh", {
    args: ["-c", 'exec "$@" >/dev/full', "sh", ...words, ...flags],
    ...programEnvironment({}),
    stdin: "null",
    stderr: "null",
  }).spawn();
  try {
    await until("it listens", async () => {
      using client = Deno.createHttpClient({ proxy: { transport: "unix", path: daemon.socket } });
      return await fetch("http://localhost/healthz", { client }).then(({ body }) => body?.cancel().then(() => true))
        .catch(() => false);
    }, 10);
  } finally {
    silent.kill("SIGTERM");
    equal((await silent.status).code, 0);
  }
});
