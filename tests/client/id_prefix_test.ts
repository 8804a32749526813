import { deepEqual, equal, match } from "../support/assert.ts";
import type { Job } from "../../lib/contract/mod.ts";
import { aJob } from "../support/a_job.ts";
import { makeCertificates } from "../support/certificates.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { json, scriptedServer } from "./scripted_server.ts";

const TO_CHANGE = "to change a job, at least the first 8 characters of its id are required";
const TO_READ = "of its id at least the first 4 characters are required";
const CHANGING = [["stop"], ["stop", "--kill"], ["remove"], ["rm"]];
const READING = [["status"], ["logs"], ["logs", "-f"], ["wait"], ["stats", "--once"]];

function refusal(reference: string, why: string) {
  return `teleworker: There is no job "${reference}": ${why}\n`;
}

Deno.test("stop, remove: less than 8 characters of an id → refused, job untouched", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sleep", args: ["1000"] });
  await Promise.all(CHANGING.flatMap((verb) =>
    [1, 2, 4, 7].map(async (length) => {
      const prefix = id.slice(0, length);
      // As an admin too, who sees the jobs of all.
      const ended = await teleworker(daemon, [...verb, prefix], { identity: length === 7 ? "root" : "alice" });
      deepEqual(ended, { code: 1, stdout: "", stderr: refusal(prefix, TO_CHANGE) }, verb.join(" "));
    })
  ));
  equal((await alice.job(await alice.send("GET", `/v1/jobs/${id}`))).state, "running");
  equal((await teleworker(daemon, ["stop", id.slice(0, 8)])).stdout, `${id} stopped SIGTERM\n`);
  equal((await teleworker(daemon, ["remove", id.slice(0, 9)])).stdout, `${id}\n`);
});

Deno.test("status, logs, wait, stats: less than 4 characters of an id → refused", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "true" });
  await alice.wait(id);
  await Promise.all(READING.map(async (verb) => {
    const prefix = id.slice(0, 3);
    const { code, stdout, stderr } = await teleworker(daemon, [...verb, prefix]);
    deepEqual([stdout, stderr], ["", refusal(prefix, TO_READ)], verb.join(" "));
    equal(code, verb[0] === "wait" || verb[1] === "-f" ? 125 : 1, verb.join(" "));
    equal((await teleworker(daemon, [...verb, id.slice(0, 4)])).code, 0, verb.join(" "));
  }));
});

Deno.test("A name as short as a prefix, or like one: every verb → the job of that name", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const other = await alice.start({ command: "sleep", args: ["1000"] });
  const named = async (name: string) => (await alice.start({ command: "sleep", args: ["1000"], name })).id;
  for (const name of ["x", other.id.slice(0, 2), other.id.slice(0, 8), "ABCDEF01"]) {
    const id = await named(name);
    match((await teleworker(daemon, ["status", name])).stdout, new RegExp(`^id {10}${id}$`, "m"), name);
    equal((await teleworker(daemon, ["stop", name])).stdout, `${id} stopped SIGTERM\n`, name);
    equal((await teleworker(daemon, ["remove", name])).stdout, `${id}\n`, name);
  }
  equal((await alice.job(await alice.send("GET", `/v1/jobs/${other.id}`))).state, "running");
});

Deno.test("An id in upper case: every verb → no job, as in the API's paths", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "true" });
  // A prefix without a letter is the same in both cases.
  for (const reference of [id.toUpperCase(), `${id.slice(0, 35)}F`.toUpperCase()]) {
    for (const verb of ["status", "remove"]) {
      const ended = await teleworker(daemon, [verb, reference]);
      deepEqual(ended, { code: 1, stdout: "", stderr: `teleworker: There is no job "${reference}"\n` });
    }
  }
});

Deno.test("?job=: less than 4 characters of an id → matches names alone", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "true" });
  const named = await alice.start({ command: "true", name: id.slice(0, 3) });
  const ids = async (job: string) => {
    const { jobs }: { jobs: Job[] } = await (await alice.send("GET", `/v1/jobs?job=${job}`)).json();
    return jobs.map(({ id }) => id);
  };
  for (const length of [1, 2]) deepEqual(await ids(id.slice(0, length)), []);
  deepEqual(await ids(id.slice(0, 3)), [named.id]);
  for (const length of [4, 8, 36]) equal((await ids(id.slice(0, length))).includes(id), true);
});

Deno.test("A server that matches any prefix: short prefix → the client refuses it", async () => {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  const job = aJob({});
  await using server = await scriptedServer(folder.path, (_path, _connection, socket) => {
    socket.write(json({ jobs: [job], damaged: [], cursor: null }));
  });
  for (
    const [verb, length, why] of [["remove", 7, TO_CHANGE], ["stop", 1, TO_CHANGE], ["status", 3, TO_READ]] as const
  ) {
    const prefix = job.id.slice(0, length);
    const ended = await teleworker({ address: server.address, certs: folder.path }, [verb, prefix]);
    deepEqual(ended, { code: 1, stdout: "", stderr: refusal(prefix, why) });
  }
  // Nothing but the search has been asked for.
  deepEqual(server.asked.filter((path) => !path.startsWith("/v1/jobs?")), []);
});
