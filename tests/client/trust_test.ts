import { once } from "node:events";
import { join } from "node:path";
import { createServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { deepEqual, equal, match } from "../support/assert.ts";
import { initAuthority } from "../../lib/pki/store.ts";
import { makeCertificates } from "../support/certificates.ts";
import { Daemon } from "../support/daemon.ts";
import { teleworker } from "../support/teleworker.ts";

/** HOST:PORT of a server once it listens on the loopback. */
async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return address === null || typeof address === "string" ? "" : `127.0.0.1:${address.port}`;
}

Deno.test("a client trusts its ca.pem alone, and says what else it has met", async (t) => {
  await using daemon = await Daemon.start();
  const complaint = async (address: string, certs: string, env: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await teleworker({ address, certs }, ["list"], { env });
    equal(stdout, "");
    equal(code, 1);
    match(stderr, /^teleworker: .*\n$/);
    return stderr.slice(`teleworker: Cannot reach the server at "https://${address}": `.length, -1);
  };
  /** What it says of a server that does this. */
  const says = async (server: Server): Promise<string> => {
    const address = await listen(server);
    try {
      return await complaint(address, daemon.certs);
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  };

  await t.step("an authority that the environment adds is not believed", async () => {
    const certs = join(daemon.folder.path, "other");
    await Deno.mkdir(certs);
    for await (const { name, isFile } of Deno.readDir(daemon.certs)) {
      if (isFile) await Deno.copyFile(join(daemon.certs, name), join(certs, name));
    }
    for (const name of ["ca.pem", "ca-key.pem"]) await Deno.remove(join(certs, name));
    await initAuthority(certs);
    equal(
      await complaint(daemon.address, certs, { DENO_CERT: join(daemon.certs, "ca.pem") }),
      "its certificate is not from our authority: is our ca.pem that of the server?",
    );
  });

  await t.step(
    "a server of another authority is not shown our certificate, whatever the environment says",
    async () => {
      const strangers = join(daemon.folder.path, "strangers");
      await makeCertificates(strangers);
      const read = (name: string) => Deno.readTextFileSync(join(strangers, name));
      const credential = { cert: read("server.pem"), key: read("server-key.pem") };
      const shown: unknown[] = [];
      const server = createTlsServer({ ...credential, requestCert: true, rejectUnauthorized: false }, (socket) => {
        shown.push(socket.on("error", () => {}).getPeerCertificate()?.subject?.CN);
      });
      const address = await listen(server);
      try {
        for (const env of [{ DENO_CERT: join(strangers, "ca.pem") }, { NODE_TLS_REJECT_UNAUTHORIZED: "0" }]) {
          const reason = "its certificate is not from our authority: is our ca.pem that of the server?";
          equal(await complaint(address, daemon.certs, env), reason);
        }
        deepEqual(shown, [undefined, undefined]);
      } finally {
        await new Promise<void>((resolve) => server.close(() => resolve()));
      }
    },
  );

  await t.step("a server with our certificate but not its key", async () => {
    const read = (name: string) => Deno.readTextFileSync(join(daemon.certs, name));
    const server = createTlsServer({ cert: read("server.pem"), key: read("client-bob-key.pem") }, (socket) => {
      socket.on("error", () => {}).on("data", () => socket.destroy());
    });
    match(await says(server), /./);
  });

  await t.step("a server that speaks plain HTTP", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {}).resume().end("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    equal(await says(server), "it does not speak TLS; is that the port of teleworkerd?");
  });

  await t.step("a server of TLS 1.2", async () => {
    const read = (name: string) => Deno.readTextFileSync(join(daemon.certs, name));
    const credential = { cert: read("server.pem"), key: read("server-key.pem") };
    equal(await says(createTlsServer({ ...credential, maxVersion: "TLSv1.2" })), "it does not speak TLS 1.3");
  });

  await t.step("an answer that is no JSON, where the type says so", async () => {
    const read = (name: string) => Deno.readTextFileSync(join(daemon.certs, name));
    const credential = { cert: read("server.pem"), key: read("server-key.pem") };
    const server = createTlsServer({ ...credential, minVersion: "TLSv1.3" }, (socket) => {
      const head = "HTTP/1.1 502 Bad Gateway\r\ncontent-type: application/problem+json\r\ncontent-length: 3\r\n\r\n";
      socket.on("error", () => {}).once("data", () => socket.end(`${head}{no`));
    });
    const address = await listen(server);
    try {
      const { code, stderr } = await teleworker({ address, certs: daemon.certs }, ["list"]);
      equal(code, 1);
      equal(
        stderr,
        `teleworker: Cannot understand the server at "https://${address}": it answered 502 Bad Gateway\n`,
      );
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  });
});
