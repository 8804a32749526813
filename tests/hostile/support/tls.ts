import { once } from "node:events";
import { join } from "node:path";
import net from "node:net";
import tls from "node:tls";
import type { Daemon } from "../../support/daemon.ts";
import { concatenate } from "./bytes.ts";

/** A TLS record (RFC 8446, 5.1), its length as it is or as it is claimed to be. */
export function record(type: number, version: number, content: Uint8Array, length = content.length): Uint8Array {
  return concatenate(Uint8Array.of(type, version >> 8, version & 0xff, length >> 8, length & 0xff), content);
}

/** What a real client says first: a record with its hello. */
export async function clientHello(): Promise<Uint8Array> {
  const server = net.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no address");
  const client = tls.connect({ host: "127.0.0.1", port: address.port, servername: "localhost" });
  client.on("error", () => {});
  const [socket]: net.Socket[] = await once(server, "connection");
  if (socket === undefined) throw new Error("The server has no connection");
  const [hello] = await once(socket, "data");
  for (const end of [client, socket, server.close()]) if ("destroy" in end) end.destroy();
  await once(server, "close");
  return new Uint8Array(hello);
}

/**
 * Connects alice by way of somebody who can change what she says, and waits until the connection is over. She asks for
 * something as soon as she has shaken hands, and waits for the answer before she goes.
 * @param change gets the bytes that she has sent before and those that she sends now; what it gives goes on to the daemon.
 * @returns what she got as an answer.
 */
export async function interfere(
  daemon: Pick<Daemon, "address" | "certs">,
  change: (before: number, bytes: Uint8Array) => Uint8Array,
): Promise<string> {
  const [host = "", port = ""] = daemon.address.split(":");
  const upstream = net.connect({ host, port: Number(port) });
  await once(upstream, "connect");
  const server = net.createServer((socket) => {
    let before = 0;
    socket.on("data", (chunk) => {
      const bytes = new Uint8Array(chunk);
      const changed = change(before, bytes);
      before += bytes.length;
      if (upstream.writable && changed.length > 0) upstream.write(changed);
    });
    upstream.on("data", (chunk) => void (socket.writable && socket.write(chunk)));
    upstream.on("close", () => socket.destroy());
    socket.on("close", () => upstream.destroy()).on("error", () => {});
  });
  upstream.on("error", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const read = (file: string) => Deno.readTextFileSync(join(daemon.certs, file));
  const client = tls.connect({
    ...{ host: "127.0.0.1", port: address !== null && typeof address !== "string" ? address.port : 0 },
    ...{ servername: "localhost", ca: read("ca.pem") },
    ...{ cert: read("client-alice.pem"), key: read("client-alice-key.pem") },
  });
  let received = "";
  client.on("error", () => {}).on("data", (chunk) => received += chunk.toString("latin1"));
  client.on(
    "secureConnect",
    () => client.write("GET /v1/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
  );
  await once(client, "close").catch(() => {});
  client.destroy();
  upstream.destroy();
  server.close();
  return received;
}
