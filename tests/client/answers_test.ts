import { join } from "node:path";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { aJob } from "../support/a_job.ts";
import { makeCertificates } from "../support/certificates.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { teleworker } from "../support/teleworker.ts";
import { LiveClient } from "./live_client.ts";
import { json, type Script, scriptedServer } from "./scripted_server.ts";

const EMPTY = { jobs: [], damaged: [], cursor: null };
const OK = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const LIST = JSON.stringify(EMPTY);
const JOB = aJob({ state: "exited", exitCode: 3 });

/** A folder with certificates. */
async function certificates(): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  return folder;
}

Deno.test("a client says in a sentence what is wrong with an answer", async (t) => {
  await using folder = await certificates();
  const certs = folder.path;
  const unreachable = (why: string) => `Cannot reach the server at "URL": ${why}`;
  const closed =
    "it closed the connection, as a server does that does not accept our certificate: revoked, or of another authority?";
  const chunked = `${OK}transfer-encoding: chunked\r\n\r\n`;
  const answers: [what: string, answer: string, complaint: string][] = [
    ["nothing", "", unreachable(closed)],
    ["half a head", OK, unreachable(closed)],
    ["half a body", `${OK}content-length: ${LIST.length}\r\n\r\n${LIST.slice(0, 9)}`, "The connection broke off"],
    ["half a chunk", `${chunked}9\r\n{"jo`, "The connection broke off"],
    ["no last chunk", `${chunked}2\r\n{}\r\n`, "The connection broke off"],
    ["a header of a MiB", `${OK}x: ${"x".repeat(2 ** 20)}\r\n\r\n`, unreachable("header overflow")],
    ["10,000 headers", `${OK}${"x: y\r\n".repeat(10_000)}\r\n`, unreachable("header overflow")],
    [
      "another length",
      `${OK}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
      unreachable("duplicate Content-Length"),
    ],
    [
      "another protocol",
      "HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
      unreachable("it did not answer"),
    ],
    ["no HTTP", "SSH-2.0-OpenSSH_9\r\n", unreachable("expected HTTP/, RTSP/ or ICE/")],
    [
      "another place",
      "HTTP/1.1 302 Found\r\nlocation: https://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
      'Cannot understand the server at "URL": it answered 302 Found',
    ],
    [
      "a longer body, cut where it says",
      `${OK}content-length: ${LIST.length - 1}\r\n\r\n${LIST}`,
      'Cannot understand the server at "URL": /v1/jobs is not as agreed',
    ],
  ];
  for (const [what, answer, complaint] of answers) {
    await t.step(what, async () => {
      await using server = await scriptedServer(certs, (_path, _connection, socket) => socket.end(answer));
      const { code, stdout, stderr } = await teleworker({ address: server.address, certs }, ["list"]);
      const said = stderr.replace(`https://${server.address}`, "URL");
      deepEqual({ code, stdout, stderr: said }, { code: 1, stdout: "", stderr: `teleworker: ${complaint}\n` });
    });
  }
});

Deno.test("a client takes nothing for an answer that comes after one", async () => {
  await using folder = await certificates();
  const more = json({ jobs: [aJob({ name: "false" })], damaged: [], cursor: null });
  // The first answer leads to a second request, of which the server has said something before.
  const script: Script = (path, _connection, socket) => {
    if (path.startsWith("/v1/jobs?")) socket.write(json({ ...EMPTY, jobs: [JOB] }) + more);
    else socket.write(json(JOB));
  };
  await using server = await scriptedServer(folder.path, script);
  const { code, stdout } = await teleworker({ address: server.address, certs: folder.path }, ["wait", JOB.id]);
  deepEqual({ code, stdout }, { code: 3, stdout: `${JOB.id} exited 3\n` });
});

Deno.test("a client that follows a job asks for the rest of half an answer, and writes each byte once", async () => {
  await using folder = await certificates();
  const output = Array.from({ length: 20_000 }, (_, line) => `${line}\n`).join("");
  const script: Script = (path, connection, socket) => {
    const url = new URL(path, "https://localhost");
    if (url.pathname === "/v1/jobs") return socket.write(json({ ...EMPTY, jobs: [JOB] }));
    if (!url.pathname.endsWith("/stdout")) return socket.write(json(JOB));
    const begin = Number(url.searchParams.get("offset") ?? 0);
    const rest = output.slice(begin);
    const head = `HTTP/1.1 200 OK\r\nteleworker-offset: ${begin}\r\n`;
    // Cut three times: within what has a length, within a chunk, between two.
    if (connection === 1) return socket.end(`${head}content-length: ${rest.length}\r\n\r\n${rest.slice(0, 30_001)}`);
    const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
    const chunks = `${head}transfer-encoding: chunked\r\n\r\n${chunk(rest.slice(0, 10_000))}`;
    if (connection === 2) return socket.end(chunks + chunk(rest.slice(10_000)).slice(0, 5_000));
    if (connection === 3) return socket.end(chunks);
    return socket.end(`${chunks}${chunk(rest.slice(10_000))}0\r\n\r\n`);
  };
  await using server = await scriptedServer(folder.path, script);
  const client = await teleworker({ address: server.address, certs: folder.path }, ["logs", "--stdout", "-f", JOB.id]);
  equal(client.stdout, output);
  equal(client.code, 3);
  equal(client.stderr, "teleworker: The connection broke off; trying again\n".repeat(3));
});

Deno.test("a client that follows a job writes nothing twice, whatever the server says", async () => {
  await using folder = await certificates();
  const script: Script = (path, _connection, socket) => {
    if (path.startsWith("/v1/jobs?")) return socket.write(json({ ...EMPTY, jobs: [JOB] }));
    socket.end("HTTP/1.1 200 OK\r\nteleworker-offset: 3\r\ncontent-length: 100\r\n\r\nhello");
  };
  await using server = await scriptedServer(folder.path, script);
  const options = ["logs", "--stdout", "-f", JOB.id];
  const { code, stdout, stderr } = await teleworker({ address: server.address, certs: folder.path }, options);
  deepEqual({ code, stdout }, { code: 125, stdout: "hello" });
  match(stderr, /Cannot understand the server: it begins at byte 3, before byte 8 as asked for\n$/);
});

Deno.test("a client checks the server's certificate on each of its connections", async () => {
  await using folder = await certificates();
  const strangers = join(folder.path, "strangers");
  await makeCertificates(strangers);
  const script: Script = (path, connection, socket) => {
    if (path.startsWith("/v1/jobs?")) return socket.write(json({ ...EMPTY, jobs: [JOB] }));
    if (connection > 1) return socket.end("HTTP/1.1 200 OK\r\nteleworker-offset: 5\r\n\r\n, second");
    // From now on it is another authority's, also for who would resume the session of this connection.
    server.change(strangers);
    socket.end("HTTP/1.1 200 OK\r\nteleworker-offset: 0\r\ncontent-length: 100\r\n\r\nfirst");
  };
  await using server = await scriptedServer(folder.path, script);
  const options = ["logs", "--stdout", "-f", JOB.id];
  await using client = new LiveClient({ address: server.address, certs: folder.path }, options);
  const { code, stdout, stderr } = await client.ended;
  // The list and the output; of the stranger nothing.
  equal(server.asked.length, 2);
  deepEqual({ code, stdout }, { code: 125, stdout: "first" });
  equal(
    stderr,
    "teleworker: The connection broke off; trying again\n" +
      `teleworker: Cannot reach the server at "https://${server.address}": its certificate is not from our authority: ` +
      "is our ca.pem that of the server?\n",
  );
});

Deno.test("a client holds no more of an answer in memory than any answer has", async (t) => {
  await using folder = await certificates();
  const mebibyte = " ".repeat(2 ** 20);
  const heads = [OK, "HTTP/1.1 500 No\r\ncontent-type: application/problem+json\r\n"];
  for (const head of heads) {
    await t.step(head.split("\r")[0] ?? "", async () => {
      let sent = 0;
      const script: Script = (_path, _connection, socket) => {
        const send = () => {
          while (!socket.destroyed && sent < 10_000 && socket.write(mebibyte)) sent++;
        };
        socket.write(`${head}content-length: 10485760000\r\n\r\n`);
        socket.on("drain", send);
        send();
      };
      await using server = await scriptedServer(folder.path, script);
      const { code, stderr } = await teleworker({ address: server.address, certs: folder.path }, ["list"]);
      equal(
        stderr,
        `teleworker: Cannot understand the server at "https://${server.address}": its answer is too long\n`,
      );
      equal(code, 1);
      ok(sent < 1000, `${sent} MiB were sent`);
    });
  }
});

Deno.test("list does not go on asking for pages without jobs", async () => {
  await using folder = await certificates();
  await using server = await scriptedServer(
    folder.path,
    (_path, _connection, socket) => socket.write(json({ ...EMPTY, cursor: "7" })),
  );
  const { code } = await teleworker({ address: server.address, certs: folder.path }, ["list"]);
  deepEqual([code, server.asked.length], [0, 1]);
});

Deno.test("stats shows the running jobs of all pages", async () => {
  await using folder = await certificates();
  const script: Script = (path, _connection, socket) => {
    const first = !path.includes("cursor=7");
    socket.write(json({ ...EMPTY, jobs: [aJob({ name: first ? "one" : "two" })], cursor: first ? "7" : null }));
  };
  await using server = await scriptedServer(folder.path, script);
  const { stdout } = await teleworker({ address: server.address, certs: folder.path }, ["stats", "--once"]);
  deepEqual(stdout.trimEnd().split("\n").slice(1).map((row) => row.split(/ +/)[1]), ["one", "two"]);
});
