import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { deepEqual, equal, match, ok } from "../../support/assert.ts";
import { until } from "../../support/until.ts";
import { TestListener } from "./listener.ts";
import { RawConnection } from "./raw.ts";

/** Collects garbage now. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

function path(request: Request): string {
  return new URL(request.url).pathname;
}

/** An answer that says which request it is for, and by whom. */
function echo(request: Request, caller: { name: string }): Promise<Response> {
  return Promise.resolve(new Response(`${caller.name} ${path(request)}`));
}

Deno.test("Connection leaves nothing in memory once its peer has gone", async () => {
  const callers: WeakRef<object>[] = [];
  await using listener = await TestListener.start((request, caller) => {
    callers.push(new WeakRef(caller));
    return echo(request, caller);
  });
  for (let turn = 0; turn < 10; turn++) {
    await using connection = await RawConnection.open(listener);
    await connection.request("GET /here");
    await connection.said("alice /here");
  }
  await until("every connection is collected", () => {
    collect();
    // The last may still stand on the stack of the event loop.
    return callers.filter((caller) => caller.deref() !== undefined).length <= 1;
  });
});

Deno.test("Connection holds nothing of a body while it is idle", async () => {
  await using listener = await TestListener.start(async (request) =>
    new Response(String((await request.bytes()).length))
  );
  await using stack = new AsyncDisposableStack();
  const size = 2 ** 20;
  const held = () => {
    collect();
    return Deno.memoryUsage().external;
  };
  const before = held();
  const body = "x".repeat(size);
  for (let turn = 0; turn < 20; turn++) {
    const connection = stack.use(await RawConnection.open(listener));
    await connection.request("POST /", `Content-Length: ${size}`);
    await connection.send(body);
    await connection.said(`\r\n${size}\r\n`);
  }
  await until("all but a few bodies are collected", () => held() - before < 5 * size);
});

Deno.test("Connection answers pipelined requests in their order, each as its caller's", async () => {
  const gate = Promise.withResolvers<void>();
  await using listener = await TestListener.start(async (request, caller) => {
    if (path(request) === "/0") await gate.promise;
    return await echo(request, caller);
  });
  const names = ["alice", "bob", "eve", "root"];
  await Promise.all(names.map(async (name) => {
    await using connection = await RawConnection.open(listener, { certificate: `client-${name}` });
    const requests = Array.from({ length: 50 }, (_, number) => `GET /${number} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await connection.send(requests.join(""));
    setTimeout(gate.resolve, 20);
    await connection.said(`${name} /49`);
    const answers = connection.received.match(/\w+ \/\d+(?=\r)/g);
    deepEqual(answers, Array.from({ length: 50 }, (_, number) => `${name} /${number}`));
  }));
});

Deno.test("Connection cuts off who asks for more and more without waiting for answers", async () => {
  await using listener = await TestListener.start(() => new Promise(() => {}));
  await using connection = await RawConnection.open(listener);
  await connection.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(200));
  equal(await connection.ended(), "");
});

Deno.test("Connection answers pipelined requests one after the other, and none behind the last", async () => {
  const seen: string[] = [];
  let under = 0;
  await using listener = await TestListener.start(async (request, caller) => {
    equal(++under, 1);
    seen.push(path(request));
    await new Promise((resolve) => setTimeout(resolve));
    under--;
    return await echo(request, caller);
  });
  await using connection = await RawConnection.open(listener);
  const get = (number: number, header = "") => `GET /${number} HTTP/1.1\r\nHost: localhost\r\n${header}\r\n`;
  await connection.send([0, 1, 2, 3].map((number) => get(number)).join(""));
  await connection.said("alice /3");
  await connection.send(get(4) + get(5, "Upgrade: other\r\nConnection: upgrade\r\n") + get(6));
  match(await connection.ended(), /alice \/5/);
  deepEqual(seen, ["/0", "/1", "/2", "/3", "/4", "/5"]);
});

Deno.test("Connection cuts off who sends on, whatever it is", async () => {
  let answered = 0;
  await using listener = await TestListener.start(async (request) => {
    await request.bytes();
    answered++;
    return new Response();
  });
  const filler = "x".repeat(2 ** 16);
  for (const [head, piece] of [["2;", filler], ["", `10000\r\n${filler}\r\n`]] as const) {
    await using connection = await RawConnection.open(listener);
    await connection.request("POST /", "Transfer-Encoding: chunked");
    await connection.send(head);
    for (let sent = 0; sent < 64 && !connection.over; sent++) await connection.send(piece);
    match(await connection.ended(), /^(HTTP\/1.1 413 |$)/);
  }
  equal(answered, 0);
});

Deno.test("Connection ends soon after it has refused a body that is still coming", async () => {
  await using listener = await TestListener.start(echo);
  await using connection = await RawConnection.open(listener);
  await connection.request("POST /", `Content-Length: ${2 ** 20 + 1}`);
  match(await connection.ended(), /^HTTP\/1.1 413 /);
});

Deno.test("Connection ends soon after all of a refused body has come, unless another request does", async () => {
  await using listener = await TestListener.start(echo);
  await using connection = await RawConnection.open(listener);
  for (let turn = 1; turn <= 2; turn++) {
    await connection.request("POST /", `Content-Length: ${2 ** 20 + 1}`);
    await until("it is refused", () => connection.received.match(/HTTP\/1.1 413 /g)?.length === turn);
    await connection.send("x".repeat(2 ** 20 + 1));
    await connection.request(`GET /${turn}`);
    await connection.said(`alice /${turn}`);
  }
  await connection.request("POST /", `Content-Length: ${2 ** 20 + 1}`);
  await connection.send("x".repeat(2 ** 20 + 1));
  match(await connection.ended(), /\/2[^]*HTTP\/1.1 413 /);
});

Deno.test("Connection is broken off when a body fails, so that its answer does not look complete", async () => {
  await using listener = await TestListener.start(() => {
    const parts = ["first", "second"];
    return Promise.resolve(
      new Response(
        new ReadableStream({
          pull(controller) {
            const part = parts.shift();
            if (part === undefined) throw new Error("The disk is gone");
            controller.enqueue(new TextEncoder().encode(part));
          },
        }),
      ),
    );
  });
  await using connection = await RawConnection.open(listener);
  await connection.request("GET /");
  const answer = await connection.ended();
  ok(!answer.includes("0\r\n\r\n"), answer);
});

Deno.test("Connection reads a body only as fast as its peer, and lets go of it when the peer goes", async () => {
  let pulled = 0;
  const cancelled = Promise.withResolvers<void>();
  await using listener = await TestListener.start(() =>
    Promise.resolve(
      new Response(
        new ReadableStream({
          pull(controller) {
            pulled++;
            controller.enqueue(new Uint8Array(2 ** 16));
          },
          cancel: () => cancelled.resolve(),
        }, { highWaterMark: 0 }),
      ),
    )
  );
  const [hostname = "", port = ""] = listener.address.split(":");
  const read = (file: string) => Deno.readTextFileSync(join(listener.certs, file));
  // Unlike a paused socket of node:tls this one takes in nothing that it is not asked to.
  const connection = await Deno.connectTls({
    ...{ hostname, port: Number(port), caCerts: [read("ca.pem")] },
    ...{ cert: read("client-alice.pem"), key: read("client-alice-key.pem") },
  });
  await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  let seen = -1;
  await until("nothing more is read", async () => {
    const still = seen === pulled;
    seen = pulled;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return still && pulled > 0;
  });
  // What the kernel's buffers on both sides and Deno's may hold, far from all there is.
  ok(pulled < 2000, `${pulled} pieces`);
  connection.close();
  await cancelled.promise;
});

Deno.test("Connection speaks HTTP as it should", async (t) => {
  await using listener = await TestListener.start(async (request, caller) => {
    return request.method === "POST" ? new Response(await request.text()) : await echo(request, caller);
  });
  const answerTo = async (text: string) => {
    await using connection = await RawConnection.open(listener);
    await connection.send(text);
    return await connection.ended();
  };
  const close = "Host: localhost\r\nConnection: close\r\n";
  await t.step("HEAD has no body", async () => {
    match(await answerTo(`HEAD / HTTP/1.1\r\n${close}\r\n`), /^HTTP\/1.1 200 [^]*\r\n\r\n$/);
  });
  await t.step("who expects it is told to go on", async () => {
    await using connection = await RawConnection.open(listener);
    await connection.request("POST /", "Connection: close", "Content-Length: 2", "Expect: 100-continue");
    await connection.said("HTTP/1.1 100 Continue\r\n\r\n");
    await connection.send("hi");
    match(await connection.ended(), /HTTP\/1.1 200 [^]*hi/);
  });
  await t.step("the absolute form of a target is its path", async () => {
    match(await answerTo(`GET https://elsewhere.example/here HTTP/1.1\r\n${close}\r\n`), /alice \/here/);
    match(await answerTo(`GET //elsewhere.example/here HTTP/1.1\r\n${close}\r\n`), /alice \/\/elsewhere.example\/here/);
  });
  await t.step("a method that is none is refused", async () => {
    for (const method of ["TRACE", "TELEPORT"]) {
      match(await answerTo(`${method} / HTTP/1.1\r\n${close}\r\n`), /^(HTTP\/1.1 400 |$)/);
    }
    match(await answerTo(`GET / HTTP/1.1\r\n${close}\r\n`), /alice \//);
  });
  await t.step("headers have a limit", async () => {
    match(await answerTo(`GET / HTTP/1.1\r\nX: ${"x".repeat(2 ** 20)}\r\n${close}\r\n`), /^(HTTP\/1.1 431 |$)/);
    match(await answerTo(`GET / HTTP/1.1\r\n${"X: x\r\n".repeat(10_000)}${close}\r\n`), /^(HTTP\/1.1 431 |$)/);
  });
  await t.step("what could be two things is refused", async () => {
    const both = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n";
    match(await answerTo(`POST / HTTP/1.1\r\n${close}${both}\r\n0\r\n\r\n`), /^(HTTP\/1.1 400 |$)/);
    const two = "Content-Length: 3\r\nContent-Length: 4\r\n";
    match(await answerTo(`POST / HTTP/1.1\r\n${close}${two}\r\nabcd`), /^(HTTP\/1.1 400 |$)/);
  });
});

/** The status of the answer to a request that begins so, and whether another one behind it, in the same piece, is answered. */
async function statusOf(head: string): Promise<[status: string | undefined, next: boolean]> {
  await using listener = await TestListener.start(echo);
  await using connection = await RawConnection.open(listener);
  await connection.send(`${head}\r\n\r\nGET /next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  const answers = await connection.ended();
  return [/^HTTP\/1.1 (\d+)/.exec(answers)?.[1], answers.includes("alice /next")];
}

Deno.test("Connection refuses requests with no host that RFC 9112 allows", async () => {
  for (
    const hosts of ["Host: a\r\nHost: a", "Host: a\r\nhost: b", "Host: a b", "Host: a/b", "Host: u@a", 'Host: "a"']
  ) {
    deepEqual(await statusOf(`GET / HTTP/1.1\r\n${hosts}`), ["400", true], hosts);
  }
  deepEqual(await statusOf("GET / HTTP/1.1"), ["400", false]);
  deepEqual(await statusOf("GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles"), ["417", true]);
  for (const host of ["", "a", "a:1", "[::1]:1", "127.0.0.1", "a_b.c-d"]) {
    deepEqual(await statusOf(`GET / HTTP/1.1\r\nHost: ${host}`), ["200", true], host);
  }
});

Deno.test("Connection refuses transfer codings and versions that it does not know", async () => {
  for (const coding of ["gzip, chunked", "identity, chunked"]) {
    const [status] = await statusOf(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ${coding}\r\n\r\n0`);
    equal(status, "501", coding);
  }
  await using listener = await TestListener.start(echo);
  for (const line of ["GET / HTTP/2.0\r\nHost: a", "GET /"]) {
    await using connection = await RawConnection.open(listener);
    await connection.send(`${line}\r\n\r\n`);
    match(await connection.ended(), /^HTTP\/1.1 505 /, line);
  }
});

Deno.test("Connection says what is wrong with bytes that are no request, behind the answers before them", async () => {
  await using listener = await TestListener.start(async (request, caller) => {
    await new Promise((resolve) => setTimeout(resolve));
    return await echo(request, caller);
  });
  const get = "GET /here HTTP/1.1\r\nHost: a\r\n";
  for (
    const [text, status, before] of [
      ["GET / HTTP/1.1\r\nX Y\r\n\r\n", 400, false],
      [`${get}\r\nG@T / HTTP/1.1\r\n\r\n`, 400, true],
      [`${get}X: ${"x".repeat(2 ** 20)}\r\n\r\n`, 431, false],
      ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, false],
      ["CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501, false],
      [`${get}\r\nCONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n`, 501, true],
    ] as const
  ) {
    await using connection = await RawConnection.open(listener);
    await connection.send(text);
    const received = await connection.ended();
    equal(received.includes("alice /here"), before, received);
    match(
      received.slice(received.lastIndexOf("HTTP/1.1 ")),
      new RegExp(`^HTTP/1.1 ${status} [^]*problem\\+json[^]*close`),
    );
  }
});

Deno.test("Connection ends after a request for another protocol", async () => {
  deepEqual(await statusOf("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket"), ["200", false]);
});

Deno.test("a request under way is told when its peer has gone, and not before", async () => {
  const asked = Promise.withResolvers<AbortSignal>();
  await using test = await TestListener.start(async ({ signal }) => {
    asked.resolve(signal);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    signal.throwIfAborted();
    return new Response();
  });
  const connection = await RawConnection.open(test);
  await connection.request("GET /");
  const signal = await asked.promise;
  equal(signal.aborted, false);
  await connection[Symbol.asyncDispose]();
  await until("it is told", () => signal.aborted);
  match(String(signal.reason), /^ProblemError: The peer has gone$/);
});
