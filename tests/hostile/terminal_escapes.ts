import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { equal, match, ok } from "../support/assert.ts";
import type { Job } from "../../lib/contract/mod.ts";
import type { Case } from "../faults/support/suite.ts";
import { aJob } from "../support/a_job.ts";
import { makeCertificates } from "../support/certificates.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";

/**
 * Sets the window's title, clears the screen, rings, goes back, starts a line, turns text around, hides in it (C0, C1, bidi, DEL, format
 * characters, tags, separators).
 */
const EVIL =
  "\x1b]0;evil\x07\x1b[2J\x9b2J\x90q\x9c\b\r\nevil\v\x7f\u202e\u2066\u200f\u061c\u200b\u200d\u00ad\u2028\u{e0041}";
/** What may stand in what is printed for people: everything but those. */
const CLEAN = /^(?:\n|[^\p{C}\p{Zl}\p{Zp}])*$/u;

/** Text that is meant for a terminal rather than for its reader. */
export const terminalEscapes: Case = {
  name: "what the client prints for people has nothing in it that a terminal obeys, whoever it is from",
  run: async () => {
    await fromJobs();
    await fromServer();
  },
};

/** From another user, by way of a daemon that is right. */
async function fromJobs(): Promise<void> {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const running = await alice.start({
    command: "sh",
    args: ["-c", "sleep 1000", EVIL],
    env: { X: EVIL },
    name: "running",
  });
  const failed = await alice.start({ command: `/no/such/${EVIL}`, args: [EVIL], cwd: "/", name: "failed" });
  const lost = await alice.start({ command: "true", cwd: `/${EVIL}`, name: "lost" });
  for (const { id } of [failed, lost]) await alice.wait(id);
  const commands = [["list", "--all"], ["list"], ["stats", "--once"], ["stats", "--once", running.id]];
  for (const name of ["running", "failed", "lost"]) commands.push(["status", name]);
  commands.push(["status", EVIL], ["stop", EVIL], ["start", "--name", EVIL, "--", "true"], ["logs", EVIL]);
  commands.push(["run", "--", `/no/such/${EVIL}`], ["run", "--cwd", `/${EVIL}`, "--", "true"]);
  await Promise.all(commands.map((args) => printsClean(daemon, args)));
}

/** From a server that means harm: every text in its answers, problems as well. */
async function fromServer(): Promise<void> {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  const job = evilJob();
  const problem = { type: EVIL, title: EVIL, status: 409, detail: EVIL, errors: [{ field: EVIL, message: EVIL }] };
  const damaged = [{ id: job.id, owner: EVIL, reason: EVIL }];
  const page = JSON.stringify({ jobs: [job], damaged, cursor: null });
  const answers: RequestListener[] = [
    ({ url }, response) => void response.end(url?.startsWith("/v1/jobs/") ? JSON.stringify(job) : page),
    (_, response) =>
      void response.writeHead(409, { "content-type": "application/problem+json" }).end(JSON.stringify(problem)),
    (_, response) => void response.writeHead(500, { "content-type": "text/html" }).end(EVIL),
    (_, response) => void response.end(JSON.stringify({ [EVIL]: EVIL })),
    (_, response) => void response.end(EVIL),
  ];
  const json = ["list", "stats --once", `status ${job.id}`, `stop ${job.id}`, `wait ${job.id}`, "start -- true"]
    .map((command) => ["--output", "json", ...command.split(" ")]);
  const commands = [...json, ["list"], ["stats", "--once", job.id], ["stats", "--once"], ["status", job.id], [
    "stop",
    job.id,
  ]];
  commands.push(["wait", job.id], ["remove", job.id], ["start", "--", "true"]);
  for (const answer of answers) {
    const server = createServer({
      cert: await Deno.readTextFile(join(folder.path, "server.pem")),
      key: await Deno.readTextFile(join(folder.path, "server-key.pem")),
    }, answer);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = address !== null && typeof address !== "string" ? address.port : 0;
    try {
      const host = { address: `localhost:${port}`, certs: folder.path };
      for (const args of commands) await printsClean(host, args);
    } finally {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
  }
}

/** A job with it in every text that a client takes. */
function evilJob(): Job {
  return aJob({
    ...{
      name: EVIL,
      owner: EVIL,
      command: EVIL,
      args: [EVIL],
      cwd: EVIL,
      envNames: [EVIL],
      signal: EVIL,
      reason: EVIL,
    },
    ...{ user: EVIL, limits: { [EVIL]: 1, readBytesPerSecond: { [EVIL]: 1 } }, state: "signaled" },
    ...{ createdAt: EVIL, startedAt: EVIL, endedAt: EVIL },
  });
}

async function printsClean(host: Pick<Daemon, "address" | "certs">, args: readonly string[]): Promise<void> {
  const { stdout, stderr } = await teleworker(host, args);
  ok(stdout + stderr !== "" || ["wait", "remove"].includes(args[0] ?? ""), `"${args}" printed nothing`);
  match(stdout, CLEAN, `stdout of ${JSON.stringify(args)}: ${JSON.stringify(stdout)}`);
  match(stderr, CLEAN, `stderr of ${JSON.stringify(args)}: ${JSON.stringify(stderr)}`);
  equal(/^evil/m.test(stdout + stderr), false, "A line was begun that only seems to be the client's");
}
