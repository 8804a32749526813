import { once } from "node:events";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, resolve } from "node:path";
import { checkStateFolder } from "../worker/mod.ts";
import { requireOwnFolders } from "./credentials/credential_folders.ts";
import { credentialFiles, readCredentials, timeProblem } from "./credentials/credentials.ts";
import { describeExpiring } from "./credentials/expiry.ts";
import type { Options } from "./options.ts";
import { reasonNotToListen } from "./transport/tls_listener.ts";
import { hasSocket } from "./transport/unix_listener.ts";

/** One thing that a start of the daemon needs. */
export interface StartCheck {
  readonly name: "certificates" | "state folder" | "address" | "socket" | "audit log";
  readonly works: boolean;
  /** What was found, and what to do about it. */
  readonly message: string;
}

/** Looks whether the daemon would start with these options; changes nothing. */
export async function checkStart(options: Options): Promise<StartCheck[]> {
  return [
    await attempt("certificates", () => certificates(options)),
    await attempt("state folder", () => stateFolder(options)),
    await attempt("address", () => address(options)),
    ...await attemptGiven("socket", options.socket, socket),
    ...await attemptGiven("audit log", options.auditLog, auditLog),
  ];
}

async function attempt(name: StartCheck["name"], look: () => Promise<string>): Promise<StartCheck> {
  try {
    return { name, works: true, message: await look() };
  } catch (error) {
    return { name, works: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Of a file that need not be named. */
async function attemptGiven(
  name: StartCheck["name"],
  path: string | undefined,
  look: (path: string) => Promise<string>,
): Promise<StartCheck[]> {
  return path === undefined ? [] : [await attempt(name, () => look(resolve(path)))];
}

async function certificates(options: Options): Promise<string> {
  const files = credentialFiles(options);
  if (files === null) return "none are named; for the network make them with: teleworkerd request HOST --certs DIR";
  requireOwnFolders(files);
  const credentials = await readCredentials(files);
  const problem = timeProblem(credentials.certificate);
  const fault = problem === undefined ? "" : `; but no client will accept the server's: ${problem}`;
  const expiring = describeExpiring(credentials, files).map((one) => `; ${one}`).join("");
  return `those in "${dirname(resolve(files.certificate))}" can be used${fault}${expiring}`;
}

async function stateFolder({ stateDir }: Options): Promise<string> {
  const root = resolve(stateDir);
  const { problem, inUse } = await checkStateFolder(root);
  if (problem !== null) throw new Error(`Cannot use "${root}": ${problem}; choose another with --state-dir`);
  return `"${root}" ${inUse ? "is in use by a daemon that runs" : "can be used"}`;
}

/** Without certificates the daemon does not listen on the network. */
async function address(options: Options): Promise<string> {
  if (credentialFiles(options) === null) return "not needed without certificates";
  const { hostname, port } = options.listen;
  const shown = `"${hostname}:${port}"`;
  const server = createServer();
  try {
    server.listen(port, hostname);
    await once(server, "listening");
    return `${shown} is free`;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ("code" in error && error.code === "EADDRINUSE") return `${shown} is in use, as by a daemon that runs`;
    throw new Error(`Cannot listen on ${shown}: ${reasonNotToListen(error)}; choose another with --listen`);
  } finally {
    server.close();
  }
}

async function socket(path: string): Promise<string> {
  if (await hasSocket(path)) return `"${path}" is there, as of a daemon that runs`;
  await requireWritable(dirname(path), `Cannot listen on "${path}"`);
  return `"${path}" can be made`;
}

async function auditLog(path: string): Promise<string> {
  const info = await Deno.stat(path).catch(() => null);
  await requireWritable(info === null ? dirname(path) : path, `Cannot write "${path}"`);
  return `"${path}" can be written`;
}

async function requireWritable(path: string, otherwise: string): Promise<void> {
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw new Error(`${otherwise}: ${missing ? "its folder is not there" : `we may not write to "${path}"`}`);
  }
}
