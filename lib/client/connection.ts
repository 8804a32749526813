import { join } from "node:path";
import { findClient } from "../pki/find_client.ts";
import { Failure, UsageFailure } from "./failure.ts";
import type { ShownCertificate } from "./reason.ts";
import { SocketTransport } from "./socket_transport.ts";
import type { Transport } from "./transport.ts";

/** How to reach a daemon: what the flags say, else the environment. */
export interface ConnectionOptions {
  readonly host?: string | undefined;
  readonly socket?: string | undefined;
  readonly certs?: string | undefined;
  readonly identity?: string | undefined;
}

/** Where the daemon is, and the way there. */
export interface Connection {
  /** What a user knows it by: its URL, or the socket's path. */
  readonly name: string;
  readonly transport: Transport;
  /** What we show of ourselves; nothing on a Unix socket. */
  readonly shown: ShownCertificate | null;
}

const DEFAULT_HOST = "127.0.0.1:8443";

/** The folder that certificates are made in and looked for first: the flag, the environment, `~/.config/teleworker/certs`. */
export function certsFolder(certs: string | undefined): string {
  const folder = certs ?? variable("TELEWORKER_CERTS") ?? inHome(".config/teleworker/certs");
  if (folder === undefined) throw new Failure("Cannot find the certificates: neither --certs nor HOME is set");
  return folder;
}

/**
 * Opens a connection by the flags and the environment; a flag for one way goes before the environment's for the other.
 * @throws {UsageFailure} when it is not HOST:PORT.
 * @throws {Error} when there are no certificates to use.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const socket = options.socket ?? (options.host === undefined ? variable("TELEWORKER_SOCKET") : undefined);
  if (socket !== undefined) return { name: socket, transport: new SocketTransport(socket), shown: null };
  const text = options.host ?? variable("TELEWORKER_HOST") ?? DEFAULT_HOST;
  const { host, port } = parseAddress(text);
  const folders = [certsFolder(options.certs)];
  const legacy = inHome(".certs");
  if (options.certs === undefined && variable("TELEWORKER_CERTS") === undefined && legacy !== undefined) {
    folders.push(legacy);
  }
  const credential = await findClient(folders, options.identity ?? variable("TELEWORKER_IDENTITY"));
  // Only here, for node:http and what it brings takes as long to load as much of a good start.
  const [{ TlsTransport }, { tlsConnector }] = await Promise.all([import("./transport.ts"), import("./connect.ts")]);
  const transport = new TlsTransport(text, tlsConnector(host, port, credential));
  return { name: `https://${text}`, transport, shown: credential };
}

/** Reads HOST:PORT; names and addresses come out as `URL` writes them, in which there is one way to write each. */
function parseAddress(text: string): { host: string; port: number } {
  const url = URL.parse(`https://${text}`);
  const port = Number(/^(?:\[[\da-fA-F:.]+\]|[^\s:/?#@\\]+):(\d+)$/.exec(text)?.[1] ?? 0);
  if (url === null || port === 0) {
    throw new UsageFailure(`Cannot use host "${text}": it must be HOST:PORT, such as "${DEFAULT_HOST}"`);
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port };
}

function variable(name: string): string | undefined {
  return Deno.env.get(name) || undefined;
}

function inHome(path: string): string | undefined {
  const home = variable("HOME");
  return home === undefined ? undefined : join(home, path);
}
