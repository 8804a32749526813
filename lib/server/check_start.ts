import { once } from "node:events";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { absolutePath } from "../base/paths.ts";
import { codeOf, describeError, reasonOf } from "../base/system_error.ts";
import { checkStateFolder, otherStateFolder } from "../worker/mod.ts";
import { requireOwnFolders } from "./credentials/credential_folders.ts";
import { credentialFiles, readCredentials, timeProblem } from "./credentials/credentials.ts";
import { describeExpiring } from "./credentials/expiry.ts";
import type { Options } from "./options.ts";
import { formatAddress, listenError } from "./transport/listen_error.ts";
import { hasSocket } from "./transport/unix_listener.ts";

/** One thing that a start of the daemon needs. */
export interface StartCheck {
  readonly name: "certificates" | "state folder" | "address" | "socket" | "audit log";
  readonly works: boolean;
  /** What was found, and what to do about it. */
  readonly message: string;
}

/**
 * Looks whether the daemon would start with these options; changes nothing.
 * @param made Directories that are made before it starts.
 */
export async function checkStart(options: Options, made: readonly string[]): Promise<StartCheck[]> {
  return [
    await attempt("certificates", () => certificates(options)),
    await attempt("state folder", () => stateFolder(options, made)),
    await attempt("address", () => address(options)),
    ...await attemptGiven("socket", options.socket, (path) => socket(path, made)),
    ...await attemptGiven("audit log", options.auditLog, auditLog),
  ];
}

async function attempt(name: StartCheck["name"], look: () => Promise<string>): Promise<StartCheck> {
  try {
    return { name, works: true, message: await look() };
  } catch (error) {
    return { name, works: false, message: describeError(error) };
  }
}

/** Of a file that need not be named. */
async function attemptGiven(
  name: StartCheck["name"],
  path: string | undefined,
  look: (path: string) => Promise<string>,
): Promise<StartCheck[]> {
  return path === undefined ? [] : [await attempt(name, () => look(absolutePath(path)))];
}

async function certificates(options: Options): Promise<string> {
  const files = credentialFiles(options);
  if (files === null) return "none are named; for the network make them with: teleworkerd request HOST --certs DIR";
  requireOwnFolders(files);
  const credentials = await readCredentials(files);
  const problem = timeProblem(credentials.certificate);
  const fault = problem === undefined ? "" : `; but no client will accept the server's: ${problem}`;
  const expiring = describeExpiring(credentials, files).map((one) => `; ${one}`).join("");
  return `those in "${dirname(absolutePath(files.certificate))}" can be used${fault}${expiring}`;
}

async function stateFolder({ stateDir }: Options, made: readonly string[]): Promise<string> {
  const root = absolutePath(stateDir);
  if (await isToBeMade(root, made)) return `"${root}" is made by the unit at the start`;
  const { problem, inUse } = await checkStateFolder(root);
  if (problem !== null) throw new Error(`Cannot use "${root}": ${problem}; ${otherStateFolder()}`);
  return `"${root}" ${inUse ? "is in use by a daemon that runs" : "can be used"}`;
}

/** Without certificates the daemon does not listen on the network. */
async function address(options: Options): Promise<string> {
  if (credentialFiles(options) === null) return "not needed without certificates";
  const { hostname, port } = options.listen;
  const shown = `"${formatAddress(options.listen)}"`;
  const server = createServer();
  try {
    server.listen(port, hostname);
    await once(server, "listening");
    return `${shown} is free`;
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE") return `${shown} is in use, as by a daemon that runs`;
    throw listenError(options.listen, error);
  } finally {
    server.close();
  }
}

async function socket(path: string, made: readonly string[]): Promise<string> {
  if (await hasSocket(path)) return `"${path}" is there, as of a daemon that runs`;
  if (await isToBeMade(dirname(path), made)) return `"${path}" can be made; the unit makes its directory at the start`;
  await requireWritable(dirname(path), `Cannot listen on "${path}"`);
  return `"${path}" can be made`;
}

async function auditLog(path: string): Promise<string> {
  const info = await Deno.stat(path).catch(() => null);
  await requireWritable(info === null ? dirname(path) : path, `Cannot write "${path}"`);
  return `"${path}" can be written`;
}

/** Whether something is missing that is there when the daemon starts. */
async function isToBeMade(path: string, made: readonly string[]): Promise<boolean> {
  return made.includes(path) && await Deno.lstat(path).then(() => false, () => true);
}

async function requireWritable(path: string, otherwise: string): Promise<void> {
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    throw new Error(`${otherwise}: ${reasonNotToWrite(path, error)}`);
  }
}

function reasonNotToWrite(path: string, error: unknown): string {
  switch (codeOf(error)) {
    case "ENOENT":
      return "its folder is not there";
    case "EACCES":
    case "EPERM":
      return `we may not write to "${path}"`;
    default:
      return `"${path}": ${reasonOf(error)}`;
  }
}
