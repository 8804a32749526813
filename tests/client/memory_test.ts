import type { TLSSocket } from "node:tls";
import { equal, match, ok } from "../support/assert.ts";
import { makeCertificates } from "../support/certificates.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { spawnTeleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";
import { scriptedServer } from "./scripted_server.ts";

const SIZE = 128 * 2 ** 20;

/** KiB of a process's memory at the worst moment, from proc_pid_status(5); 0 once it has ended. */
async function peakOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
}

/** The processor time of a process so far in ticks, from proc_pid_stat(5). */
async function timeOf(pid: number): Promise<number> {
  const [, , , , , , , , , , , user, system] =
    (await Deno.readTextFile(`/proc/${pid}/stat`)).split(") ").at(-1)?.split(" ") ??
      [];
  return Number(user) + Number(system);
}

/** Waits until a process has done nothing for a hundred looks. */
async function idle(pid: number): Promise<void> {
  let [before, looks] = [-1, 0];
  await until("the client waits for its reader", async () => {
    const now = await timeOf(pid);
    looks = now === before ? looks + 1 : 0;
    before = now;
    return looks > 100;
  });
}

Deno.test("logs holds little of a log in memory, however fast or slowly it is read", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "head", args: ["-c", String(SIZE), "/dev/zero"] });
  await alice.wait(id);
  /** How many times as much memory the client needs at most as at the log's first bytes, after which `pause` is called. */
  const growth = async (flags: readonly string[], pause?: (pid: number) => Promise<void>) => {
    const client = spawnTeleworker(daemon, ["logs", "--stdout", "-f", ...flags, id]);
    let [read, first, most] = [0, 0, 0];
    for await (const { length } of client.stdout) {
      first ||= await peakOf(client.pid);
      if (read === 0) await pause?.(client.pid);
      read += length;
      most = Math.max(most, await peakOf(client.pid));
    }
    equal(read, SIZE);
    equal((await client.status).code, 0);
    await client.stderr.cancel();
    return most / first;
  };
  for (const [road, flags] of [["TLS", []], ["the Unix socket", ["--socket", daemon.socket]]] as const) {
    await t.step(`over ${road}`, async () => {
      // Of some 80 MiB: 1.1 for a log of any size; 4.6 if it is left to V8 when to collect.
      const [fast, slow] = [await growth(flags), await growth(flags, idle)];
      ok(fast < 2.2 && slow < 2.2, `fast ${fast}, slow ${slow}`);
    });
  }
});

Deno.test("an answer in the smallest of chunks takes a few times the memory of one in large ones", async () => {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  const size = 2 * 2 ** 20;
  const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
  /** KiB that the client has had at the most once it has read an answer in chunks of `length` bytes, all but the end of it. */
  const peak = async (length: number) => {
    const chunks = `${length.toString(16)}\r\n${" ".repeat(length)}\r\n`.repeat(size / length);
    const { promise, resolve } = Promise.withResolvers<TLSSocket>();
    await using server = await scriptedServer(folder.path, (_path, _connection, socket) => {
      socket.write(head);
      socket.write(chunks, () => resolve(socket));
    });
    const client = spawnTeleworker({ address: server.address, certs: folder.path }, ["list"]);
    const said = Promise.all([client.stderr, client.stdout].map((stream) => new Response(stream).text()));
    const socket = await promise;
    await idle(client.pid);
    const most = await peakOf(client.pid);
    socket.write("0\r\n\r\n");
    match((await said).join(""), /is not as agreed/);
    equal((await client.status).code, 1);
    return most;
  };
  const [small, large] = [await peak(1), await peak(2 ** 16)];
  // Some 3.6 times; 13 times if the chunks are kept.
  ok(small < 7 * large, `${small} and ${large} KiB`);
});
