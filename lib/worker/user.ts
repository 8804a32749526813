import { spawnChild } from "./children.ts";
import { WorkerError } from "./errors.ts";

/** An account of this host. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/**
 * Finds an account by its name, wherever the host keeps them (nsswitch.conf(5)).
 * @throws {WorkerError} `unsupported` when there is none, or when this process may not become it.
 */
export async function findAccount(name: string): Promise<Account> {
  const { success, stdout } = await spawnChild("getent", {
    args: ["passwd", "--", name],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).output();
  const [found, , uid, gid, , home] = new TextDecoder().decode(stdout).trim().split(":");
  if (!success || found !== name || !/^\d+$/.test(uid ?? "") || !/^\d+$/.test(gid ?? "")) {
    throw new WorkerError("unsupported", `Cannot run as "${name}": this host has no such user`);
  }
  const account = { name, uid: Number(uid), gid: Number(gid), home: home || "/" };
  if (Deno.uid() !== 0 && Deno.uid() !== account.uid) {
    throw new WorkerError("unsupported", `Cannot run as "${name}": only a daemon of root can change users`);
  }
  return account;
}

/** What an account's programs expect in their environment (login(1)). */
export function environmentOf(account: Account): Record<string, string> {
  return { HOME: account.home, USER: account.name, LOGNAME: account.name };
}
