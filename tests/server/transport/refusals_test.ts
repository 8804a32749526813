import { equal, match } from "../../support/assert.ts";
import { revoke } from "../../../lib/pki/revoke.ts";
import { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";
import { RawConnection } from "./raw.ts";

/** A daemon that has revoked alice's certificate. */
async function startDaemon(): Promise<Daemon> {
  await using stack = new AsyncDisposableStack();
  const daemon = stack.use(await Daemon.start());
  await revoke(daemon.certs, "alice");
  await daemon.logged(/Took in a change of .*revoked certificates/);
  stack.move();
  return daemon;
}

Deno.test("Daemon: request by a revoked certificate → 403 with the reason, and nothing done", async () => {
  await using daemon = await startDaemon();
  await using alice = await RawConnection.open(daemon);
  const body = '{"command": "true"}';
  await alice.request("POST /v1/jobs", "Content-Type: application/json", `Content-Length: ${body.length}`);
  await alice.send(body);
  const answer = await alice.ended();
  match(answer, /^HTTP\/1\.1 403 Forbidden\r\nContent-Type: application\/problem\+json\r\n/);
  match(answer, /"Cannot accept client certificate \\"alice\\" \(serial [0-9a-f]+\): it was revoked"/);
  equal(answer.match(/HTTP\/1\.1/g)?.length, 1);
  using root = await Https.as(daemon, "root");
  equal((await (await root.send("GET", "/v1/jobs")).text()).includes('"owner":"alice"'), false);
  equal(/"event":"decision"[^\n]*"name":"alice"/.test(daemon.log), false);
});

Deno.test("Daemon: flood by a revoked certificate → all are closed, and others served", async () => {
  await using daemon = await startDaemon();
  await using stack = new AsyncDisposableStack();
  const flood = await Promise.all(Array.from({ length: 100 }, () => RawConnection.open(daemon)));
  for (const connection of flood) stack.use(connection);
  await using bob = await RawConnection.open(daemon, { certificate: "client-bob" });
  await bob.request("GET /healthz");
  await bob.said("ok");
  const answers = await Promise.all(flood.map((connection) => connection.ended()));
  equal(answers.every((answer) => answer === "" || answer.startsWith("HTTP/1.1 403 ")), true);
});
