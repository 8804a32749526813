import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import { type Listening, listening } from "./listening.ts";

/** Answers a request: its path, the connection's number from 1, and where to write. */
export type Script = (path: string, connection: number, socket: TLSSocket) => void;

/** A server with a daemon's certificate that answers as a test likes. */
export interface ScriptedServer extends Listening {
  /** The paths that were asked for. */
  readonly asked: readonly string[];
  /** How many connections have come, also those that did not become one of TLS. */
  readonly connections: number;
  /** Shows the certificate in another folder to who comes from now on. */
  change(certs: string): void;
}

/** An answer in JSON, with a right length. */
export function json(value: unknown): string {
  const body = JSON.stringify(value);
  const { length } = new TextEncoder().encode(body);
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`;
}

/** Starts one; it is given a request whenever something comes. */
export async function scriptedServer(certs: string, script: Script): Promise<ScriptedServer> {
  const asked: string[] = [];
  let [secured, connections] = [0, 0];
  const server = createServer({ ...credential(certs), minVersion: "TLSv1.3" }, (socket) => {
    const connection = ++secured;
    socket.on("error", () => {}).on("data", (request) => {
      const path = request.toString().split(" ")[1] ?? "";
      asked.push(path);
      script(path, connection, socket);
    });
  });
  server.on("connection", () => connections++);
  const { address, [Symbol.asyncDispose]: close } = await listening(server);
  const change = (certs: string) => server.setSecureContext(credential(certs));
  return {
    address,
    asked,
    change,
    get connections() {
      return connections;
    },
    [Symbol.asyncDispose]: close,
  };
}

function credential(certs: string): { cert: string; key: string } {
  const read = (name: string) => Deno.readTextFileSync(join(certs, name));
  return { cert: read("server.pem"), key: read("server-key.pem") };
}
