import { deepEqual, equal, ok } from "../support/assert.ts";
import type { Case } from "../faults/support/suite.ts";
import { RawConnection } from "../server/transport/raw.ts";
import { Daemon } from "../support/daemon.ts";
import { parseAnswers } from "./support/answers.ts";
import { bytesOf } from "./support/bytes.ts";
import { Health } from "./support/health.ts";
import { type Shape, SHAPES, SMUGGLED } from "./support/shapes.ts";

/** Comes behind each shape, and says by its answer that the server takes it for a request of its own. */
const MARKER = "/marker";
const BEHIND = bytesOf(`GET ${MARKER} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);

/** Requests that two readers could read in two ways. */
export const httpShapes: Case = {
  name: "a request that could be two things is refused, or answered once",
  run: async () => {
    await using daemon = await Daemon.start();
    const health = await Health.of(daemon);
    for (const shape of SHAPES) {
      // In one piece, and with the request behind it in a piece of its own.
      await Promise.all([true, false].map((together) => send(daemon, shape, together)));
    }
    await health.check();
  },
};

async function send(daemon: Daemon, { name, bytes, expected }: Shape, together: boolean): Promise<void> {
  await using connection = await RawConnection.open(daemon);
  if (together) await connection.send(new Uint8Array([...bytes, ...BEHIND]));
  else {
    await connection.send(bytes);
    await connection.send(BEHIND);
  }
  const received = await connection.ended();
  const what = `${name}${together ? "" : " in pieces"} got ${JSON.stringify(received.slice(0, 500))}`;
  const answers = parseAnswers(received);
  ok(!received.includes(SMUGGLED), what);
  const statuses = answers.map(({ status }) => status);
  const marked = answers.filter(({ body }) => body.includes(MARKER)).length;
  if (expected === "refused") {
    // None at all where the answer was lost with the connection: bytes that nobody wanted were still under way.
    // Two where what comes behind the first refusal is refused as well.
    ok(statuses.length <= 2 && statuses.every((status) => status >= 400), what);
    equal(marked, 0, what);
  } else if ("last" in expected) {
    // 400 where the parser saw what comes behind the last request of a connection before that one was answered.
    ok(statuses.length <= 2 && statuses.every((status) => [expected.last, 400].includes(status)), what);
    equal(marked, 0, what);
  } else {
    deepEqual(statuses, [expected.status, 404], what);
    equal(marked, 1, what);
  }
}
