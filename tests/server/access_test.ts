import { join } from "node:path";
import { deepEqual, equal } from "../support/assert.ts";
import { ROUTES } from "../../lib/contract/mod.ts";
import { issueClientCertificate } from "../../lib/pki/client_certificate.ts";
import { readCredential } from "../../lib/pki/read_credential.ts";
import { ACCESS } from "../../lib/server/authorize.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { problemOf } from "./problem.ts";

type Name = keyof typeof ACCESS;
type Role = keyof typeof ACCESS[Name];

/** Statuses of a request about a job of one's own, and about another's. The same where it is about none. */
const EXPECTED: Readonly<Record<Name, Readonly<Record<Role, readonly [number, number]>>>> = {
  health: { admin: [200, 200], user: [200, 200], operator: [200, 200] },
  version: { admin: [200, 200], user: [200, 200], operator: [200, 200] },
  start: { admin: [201, 201], user: [403, 403], operator: [201, 201] },
  list: { admin: [200, 200], user: [200, 200], operator: [200, 200] },
  status: { admin: [200, 200], user: [200, 200], operator: [200, 404] },
  output: { admin: [200, 200], user: [200, 200], operator: [200, 404] },
  stop: { admin: [200, 200], user: [403, 403], operator: [200, 404] },
  remove: { admin: [204, 204], user: [403, 403], operator: [204, 404] },
};

/** Each role's user: of a role that cannot start jobs, one who could before. */
const USERS: Readonly<Record<Role, string>> = { admin: "root", user: "eve", operator: "alice" };

Deno.test("the table of who may is expected cell by cell", () => {
  deepEqual(Object.keys(ACCESS).sort(), Object.keys(EXPECTED).sort());
  deepEqual(Object.keys(ACCESS).sort(), Object.keys(ROUTES).sort());
  for (const row of Object.values(ACCESS)) deepEqual(Object.keys(row).sort(), Object.keys(USERS).sort());
});

Deno.test("every role gets on every route what the table says, for own jobs and others'", async (t) => {
  await using daemon = await Daemon.start();
  await makeOperator(daemon, "eve");
  using admin = await Https.as(daemon, "root");
  for (const route of names(EXPECTED)) {
    for (const role of names(USERS)) {
      for (const [whose, status] of EXPECTED[route][role].entries()) {
        const owner = whose === 0 ? USERS[role] : "bob";
        await t.step(`${role}: ${route}, ${whose === 0 ? "own" : "another's"}: ${status}`, async () => {
          using starter = owner === "eve" ? await operator(daemon, "eve") : await Https.as(daemon, owner);
          const { id } = await starter.start({ command: "sleep", args: ["1000"] });
          using caller = await Https.as(daemon, USERS[role]);
          const response = await send(caller, route, id);
          equal(response.status, status);
          if (status >= 400) await problemOf(response, status);
          else await response.body?.cancel();
          const after = await admin.send("GET", `/v1/jobs/${id}`);
          if (status < 400 && route === "remove") await problemOf(after, 404);
          // Who may not has changed nothing.
          else equal((await admin.job(after)).state, status < 400 && route === "stop" ? "stopped" : "running");
          await admin.send("DELETE", `/v1/jobs/${id}`).then((response) => response.body?.cancel());
        });
      }
    }
  }
});

function names<Key extends string>(record: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(record).filter((name): name is Key => name in record);
}

async function send(caller: Https, route: Name, id: string): Promise<Response> {
  const { method, path } = ROUTES[route];
  const concrete = path.replace(/:id\b/, id).replace(/:stream\{.*\}/, "stdout");
  const body = route === "start" ? { command: "true" } : route === "stop" ? { graceSeconds: 0 } : undefined;
  return await caller.send(method, concrete, body);
}

/** A second certificate for somebody, of an operator, besides the one that is there. */
async function makeOperator(daemon: Daemon, name: string): Promise<void> {
  const authority = await readCredential({
    certificate: join(daemon.certs, "ca.pem"),
    privateKey: join(daemon.certs, "ca-key.pem"),
  });
  const { certificatePem, privateKeyPem } = await issueClientCertificate(authority, name);
  await Deno.writeTextFile(join(daemon.certs, `client-${name}-operator.pem`), certificatePem);
  await Deno.writeTextFile(join(daemon.certs, `client-${name}-operator-key.pem`), privateKeyPem);
}

async function operator(daemon: Daemon, name: string): Promise<Https> {
  return await Https.as(daemon, `${name}-operator`);
}
