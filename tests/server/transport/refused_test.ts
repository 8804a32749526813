import { join } from "node:path";
import { deepEqual, match } from "../../support/assert.ts";
import { MAX_BODY_BYTES } from "../../../lib/contract/mod.ts";
import type { Timeouts } from "../../../lib/server/transport/timeouts.ts";
import { Daemon, type DaemonOptions } from "../../support/daemon.ts";
import { until } from "../../support/until.ts";
import { type AuditLine, auditLines } from "../log/audit_line.ts";
import { TestListener } from "./listener.ts";
import { RawConnection } from "./raw.ts";

const POST = "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

/** What alice's requests are refused for before the API sees them, each with its status and the reason that is recorded. */
const REFUSED: Readonly<Record<string, readonly [bytes: string, status: number, reason: RegExp]>> = {
  "bytes that are no request": ["G@T / HTTP/1.1\r\n\r\n", 400, /no HTTP\/1\.1/],
  "a header that is none": ["GET / HTTP/1.1\r\nX Y\r\n\r\n", 400, /no HTTP\/1\.1/],
  "two lengths": [`${POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, 400, /no HTTP\/1\.1/],
  "a chunk without a size": [`${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400, /no HTTP\/1\.1/],
  "two hosts": ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, /more than one host/],
  "no host": ["GET / HTTP/1.1\r\n\r\n", 400, /no host/],
  "a target that is no path": ["GET http://[/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, /is no path/],
  "a method for other servers": ["TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 400, /"TRACE" is no method/],
  "an expectation": ["GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", 417, /"miracles"/],
  "a body that is too large": [`${POST}Content-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`, 413, /larger than/],
  "headers that are too large": [`GET / HTTP/1.1\r\nX: ${"x".repeat(2 ** 17)}\r\n\r\n`, 431, /headers are larger/],
  "a coding that is not known": [`${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501, /no transfer coding/],
  "a proxy's request": ["CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501, /no proxy/],
  "another version": ["GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, /no HTTP\/1/],
};

/** A daemon with an audit log. */
async function withAudit(
  options: DaemonOptions,
  run: (daemon: Daemon, lines: () => Promise<AuditLine[]>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tw-" });
  const path = join(folder, "audit.log");
  try {
    await using daemon = await Daemon.start({ ...options, flags: ["--audit-log", path] });
    await run(daemon, () => auditLines(path));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function who({ event, allowed, route, name, role, status }: AuditLine): unknown[] {
  return [event, allowed, route, name, role, status];
}

Deno.test("what is refused before the API sees it has one line in the audit log", async (t) => {
  await withAudit({}, async (daemon, lines) => {
    for (const [what, [bytes, status, reason]] of Object.entries(REFUSED)) {
      await t.step(what, async () => {
        const before = (await lines()).length;
        await using connection = await RawConnection.open(daemon);
        await connection.send(bytes);
        await connection.said("problem+json");
        match(connection.received, new RegExp(`^HTTP/1.1 ${status} `));
        // A good request by another shows that nothing more is to come.
        await using next = await RawConnection.open(daemon, { certificate: "client-bob" });
        await next.request("GET /healthz", "Connection: close");
        await next.ended();
        const [line, good, ...more] = (await lines()).slice(before);
        deepEqual([line && who(line), good?.name, more], [
          ["decision", false, null, "alice", "operator", status],
          "bob",
          [],
        ]);
        match(line?.reason ?? "", reason);
        match(line?.serial ?? "", /^[0-9a-f]+$/);
        match(line?.peer ?? "", /^127\.0\.0\.1:\d+$/);
      });
    }
  });
});

Deno.test("a peer that is cut off has one line in the audit log", async (t) => {
  const cutOff = async (bytes: string | readonly string[], timeouts: Partial<Timeouts>) => {
    await using listener = await TestListener.start(() => new Promise<Response>(() => {}), timeouts);
    await using connection = await RawConnection.open(listener);
    for (const piece of [bytes].flat()) await connection.send(piece);
    await connection.ended();
    return await until("it is recorded", async () => {
      const lines = await auditLines(join(listener.certs, "audit.log"));
      return lines.length > 0 ? lines : null;
    });
  };
  const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const chunk = `10000\r\n${"x".repeat(2 ** 16)}\r\n`;
  const cases = {
    "in the middle of its headers": ["GET / HT", { headers: 300 }, 408, /did not come in time/],
    "before its first request": [[], { headers: 300 }, 408, /did not come in time/],
    "in the middle of its body": [
      `${POST}Content-Length: 3\r\n\r\na`,
      { body: 300 },
      408,
      /body: it did not come in time/,
    ],
    "for too many requests": [get.repeat(200), {}, undefined, /^100 requests wait for their answers$/],
    "for too many bytes": [
      [`${POST}Transfer-Encoding: chunked\r\n\r\n2;`, "x".repeat(2 ** 22)],
      {},
      undefined,
      /sent more than/,
    ],
    "for the body of a request that was refused": [
      [`${POST}Transfer-Encoding: chunked\r\n\r\n`, chunk.repeat(64)],
      {},
      413,
      /larger than/,
    ],
  } as const;
  for (const [when, [bytes, timeouts, status, reason]] of Object.entries(cases)) {
    await t.step(when, async () => {
      const [line, ...more] = await cutOff(bytes, timeouts);
      deepEqual([line && who(line), more], [["decision", false, null, "alice", "operator", status], []]);
      match(line?.reason ?? "", reason);
    });
  }
});

Deno.test("who leaves in the middle of a request was not refused, and has no line in the audit log", async () => {
  await using listener = await TestListener.start(() => Promise.resolve(new Response()));
  for (const bytes of ["GET / HT", `${POST}Content-Length: 3\r\n\r\na`]) {
    await using connection = await RawConnection.open(listener);
    await connection.request("GET /");
    await connection.said("HTTP/1.1 200 ");
    await connection.send(bytes);
  }
  await listener.listener[Symbol.asyncDispose]();
  deepEqual(await auditLines(join(listener.certs, "audit.log")), []);
});
