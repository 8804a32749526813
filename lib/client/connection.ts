import { join } from "node:path";
import { type ClientCredential, findClient } from "../pki/find_client.ts";
import { Failure } from "./failure.ts";
import { reasonOf, type ShownCertificate } from "./reason.ts";

/** How to reach a daemon: what the flags say, else the environment. */
export interface ConnectionOptions {
  readonly host?: string | undefined;
  readonly socket?: string | undefined;
  readonly certs?: string | undefined;
  readonly identity?: string | undefined;
}

/** Where the daemon is, and an HTTP client that it lets in. */
export interface Connection {
  /** What a user knows it by: its URL, or the socket's path. */
  readonly name: string;
  readonly base: string;
  readonly client: Deno.HttpClient;
  /** What it shows of itself; nothing on a Unix socket. */
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
 * @throws {Failure} when there are no certificates to use.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const socket = options.socket ?? (options.host === undefined ? variable("TELEWORKER_SOCKET") : undefined);
  if (socket !== undefined) {
    const client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    return { name: socket, base: "http://localhost", client, shown: null };
  }
  const host = options.host ?? variable("TELEWORKER_HOST") ?? DEFAULT_HOST;
  if (!URL.canParse(`https://${host}`) || !/^(?:\[[\da-fA-F:.]+\]|[^\s:/?#@\\]+):\d+$/.test(host)) {
    throw new Failure(`Cannot use host "${host}": it must be HOST:PORT`);
  }
  const folders = [certsFolder(options.certs)];
  const legacy = inHome(".certs");
  if (options.certs === undefined && variable("TELEWORKER_CERTS") === undefined && legacy !== undefined) {
    folders.push(legacy);
  }
  const credential = await findClient(folders, options.identity ?? variable("TELEWORKER_IDENTITY"));
  const base = `https://${host}`;
  return { name: base, base, client: createClient(credential), shown: credential };
}

function createClient({ name, caPem, certificatePem, privateKeyPem }: ClientCredential): Deno.HttpClient {
  try {
    return Deno.createHttpClient({ caCerts: [caPem], cert: certificatePem, key: privateKeyPem });
  } catch (error) {
    throw new Failure(`Cannot use the certificate of "${name}": ${reasonOf(error)}`, { cause: error });
  }
}

function variable(name: string): string | undefined {
  return Deno.env.get(name) || undefined;
}

function inHome(path: string): string | undefined {
  const home = variable("HOME");
  return home === undefined ? undefined : join(home, path);
}
