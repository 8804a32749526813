import { readHome } from "../base/home.ts";
import { currentDirectory, joinPath, withoutParents } from "../base/paths.ts";
import { readVariable } from "../base/utf8.ts";
import { isClientName } from "../pki/client_name.ts";
import { findClient } from "../pki/find_client.ts";
import { Failure, UsageFailure } from "./failure.ts";
import type { ShownCertificate } from "./reason.ts";
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

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 8443;

/** The folder that certificates are made in and looked for first: the flag, the environment, `~/.config/teleworker/certs`. */
export function certsFolder(certs: string | undefined): string {
  const folder = certs ?? defaultCertsFolder();
  if (folder === undefined) throw new Failure("Cannot find the certificates: neither --certs nor HOME is set");
  return namedPath(folder);
}

/** The folder that certificates are made in without --certs; `undefined` if the environment names none. */
export function defaultCertsFolder(): string | undefined {
  return variable("TELEWORKER_CERTS") ?? inHome(".config/teleworker/certs");
}

/**
 * Opens a connection by the flags and the environment; a flag for one way goes before the environment's for the other.
 * @throws {UsageFailure} when it is neither HOST nor HOST:PORT.
 * @throws {Error} when there are no certificates to use.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const socket = options.socket ?? (options.host === undefined ? variable("TELEWORKER_SOCKET") : undefined);
  if (socket !== undefined) return await openSocket(socket);
  const { host, port, text } = parseAddress(options.host ?? variable("TELEWORKER_HOST") ?? DEFAULT_HOST);
  const folders = [certsFolder(options.certs)];
  const legacy = inHome(".certs");
  if (options.certs === undefined && variable("TELEWORKER_CERTS") === undefined && legacy !== undefined) {
    folders.push(legacy);
  }
  const identity = options.identity ?? variable("TELEWORKER_IDENTITY");
  if (identity !== undefined && !isClientName(identity)) {
    throw new UsageFailure(
      `Cannot use --identity "${identity}": it must be 1 to 64 letters, digits and . _ @ -, ` +
        'with no . or - at the start and no -key at the end, such as "alice"',
    );
  }
  const credential = await findClient(folders, identity);
  // Only here, for node:http and what it brings takes as long to load as much of a good start.
  const [{ HttpTransport }, { tlsConnector }] = await Promise.all([import("./transport.ts"), import("./connect.ts")]);
  const transport = new HttpTransport(text, tlsConnector(host, port, credential));
  return { name: `https://${text}`, transport, shown: credential };
}

/** A connection to the Unix socket of a daemon on this host. */
export async function openSocket(path: string): Promise<Connection> {
  const [{ HttpTransport }, { unixConnector }] = await Promise.all([
    import("./transport.ts"),
    import("./unix_connector.ts"),
  ]);
  return { name: path, transport: new HttpTransport("localhost", unixConnector(namedPath(path))), shown: null };
}

/**
 * Reads HOST:PORT, or HOST alone; names and addresses come out as `URL` writes them, in which there is one way to write each. An IPv6
 * address has brackets also without a port, for nobody could tell what `::1:8443` is.
 */
function parseAddress(given: string): { host: string; port: number; text: string } {
  const match = /^(\[[\da-fA-F:.]+\]|[^\s:/?#@\\]+)(?::(\d+))?$/.exec(given);
  const port = Number(match?.[2] ?? DEFAULT_PORT);
  const url = URL.parse(`https://${match?.[1]}:${port}`);
  if (match === null || url === null || port === 0) {
    throw new UsageFailure(
      `Cannot use host "${given}": it must be HOST or HOST:PORT, such as "${DEFAULT_HOST}:${DEFAULT_PORT}" or "[::1]"`,
    );
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port, text: `${url.hostname}:${port}` };
}

/** Gives a path that a user named as Deno is to have it. @throws {Error} when it is relative to a directory that was removed. */
function namedPath(path: string): string {
  if (!path.startsWith("/")) currentDirectory(path);
  return withoutParents(path);
}

function variable(name: string): string | undefined {
  return orUsageFailure(() => readVariable(name)) || undefined;
}

function orUsageFailure<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof TypeError ? new UsageFailure(error.message, { cause: error }) : error;
  }
}

function inHome(path: string): string | undefined {
  const home = orUsageFailure(readHome);
  return home === undefined ? undefined : joinPath(home, path);
}
