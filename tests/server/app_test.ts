import { equal, match } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";
import { problemOf } from "./problem.ts";
import { RawConnection } from "./transport/raw.ts";

Deno.test("what is no call of the API is not found", async () => {
  await using daemon = await Daemon.start();
  using root = await Https.as(daemon, "root");
  const { id } = await root.start({ command: "true" });
  const calls = [
    ["GET", "/"],
    ["GET", "/v1"],
    ["GET", "/v2/jobs"],
    ["GET", "/v1/jobs/"],
    ["PUT", "/v1/jobs"],
    ["POST", "/healthz"],
    ["DELETE", "/v1/jobs"],
    ["PATCH", `/v1/jobs/${id}`],
    ["GET", `/v1/jobs/${id}/`],
    ["GET", `/v1/jobs/${id}/stdin`],
    ["GET", `/v1/jobs/${id}/stdout2`],
    ["GET", `/v1/jobs/${id}/stop`],
    ["DELETE", `/v1/jobs/${id}/stdout`],
    ["OPTIONS", "/v1/jobs"],
  ] as const;
  for (const [method, path] of calls) await problemOf(await root.send(method, path), 404);
});

Deno.test("ids that are none name no job, whatever way out of a folder they hold", async () => {
  await using daemon = await Daemon.start();
  const { id } = await (async () => {
    using root = await Https.as(daemon, "root");
    return await root.start({ command: "true" });
  })();
  const ids = [
    "../../etc/passwd",
    "%2e%2e%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc",
    "..%2f..%2fjobs%2f" + id,
    `${id}%2f..`,
    `${id}%00`,
    `${id.toUpperCase()}x`,
    "%",
    "%ff",
    "x".repeat(5000),
    "null",
    "__proto__",
    "*",
    id.slice(0, 8),
  ];
  // Sent as they are: a URL would resolve some of them before they leave.
  for (const wrong of ids) {
    for (const path of [`/v1/jobs/${wrong}`, `/v1/jobs/${wrong}/stdout`]) {
      await using connection = await RawConnection.open(daemon, { certificate: "client-root" });
      await connection.request(`GET ${path}`, "Connection: close");
      match(await connection.ended(), /^HTTP\/1.1 (404|400) [^]*application\/problem\+json[^]*"status":40[04]/, path);
    }
  }
});

Deno.test("HEAD answers as GET would, without its body and without holding anything", async () => {
  await using daemon = await Daemon.start({ flags: ["--max-followers", "1"] });
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sleep", args: ["1000"] });
  const descriptors = () => [...Deno.readDirSync(`/proc/${daemon.pid}/fd`)].length;
  const paths = ["", "?wait=true", "/stdout", "/stdout?follow=true"].map((rest) => `/v1/jobs/${id}${rest}`);
  const ask = async () => {
    for (const path of paths) {
      const response = await alice.send("HEAD", path);
      equal(response.status, 200, path);
      equal(await response.text(), "");
    }
  };
  await ask();
  const before = descriptors();
  for (let round = 0; round < 10; round++) await ask();
  // Watches are closed beside the answers, and the daemon opens some for a moment by itself.
  await until("it has let go of what it opened", () => descriptors() <= before);
});

Deno.test("as many as may can follow at once, the others are told when to come back", async () => {
  await using daemon = await Daemon.start({ flags: ["--max-followers", "1", "--max-jobs", "1"] });
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sleep", args: ["1000"] });
  const paths = [`/v1/jobs/${id}?wait=true`, `/v1/jobs/${id}/stdout?follow=true`, `/v1/jobs/${id}/stderr?follow=true`];
  for (const held of paths) {
    await using connection = await RawConnection.open(daemon);
    await connection.request(`GET ${held}`);
    await connection.said("HTTP/1.1 200 ");
    for (const path of paths) await problemOf(await alice.send("GET", path), 429);
    // What needs no waiting needs no place.
    const response = await alice.send("GET", `/v1/jobs/${id}/stdout`);
    equal(await response.text(), "");
    await connection[Symbol.asyncDispose]();
    // By HEAD, which would be refused as well, but holds no place that the next one needs.
    await until("there is a place again", async () => {
      const response = await alice.send("HEAD", held);
      await response.body?.cancel();
      return response.status === 200;
    });
  }
  match(
    (await problemOf(await alice.send("POST", "/v1/jobs", { command: "true" }), 429)).detail ?? "",
    /1 jobs are running/,
  );
});

Deno.test("followers that vanish as soon as they have asked give their places back", async () => {
  await using daemon = await Daemon.start({ flags: ["--max-followers", "60"] });
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sleep", args: ["1000"] });
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 30 }, async (_, number) => {
      await using connection = await RawConnection.open(daemon);
      await connection.request(`GET /v1/jobs/${id}${number % 2 === 0 ? "?wait=true" : "/stdout?follow=true"}`);
    }));
  }
  // All places are free again, at the same time.
  await until("thirty can follow", async () => {
    const responses = await Promise.all(
      Array.from({ length: 30 }, () => alice.send("GET", `/v1/jobs/${id}/stdout?follow=true`)),
    );
    for (const { body } of responses) await body?.cancel();
    return responses.every(({ status }) => status === 200);
  });
});
