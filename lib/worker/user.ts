import { spawnChild } from "./children.ts";
import { WorkerError } from "./errors.ts";

/** An account of this host. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  /** Ids of all its groups; null where the host cannot list them. */
  readonly groups: readonly number[] | null;
}

/**
 * Finds an account by its name, wherever the host keeps them (nsswitch.conf(5)).
 * @throws {WorkerError} `unsupported` when there is none, or when this process may not become it.
 */
export async function findAccount(name: string): Promise<Account> {
  const [passwd, initgroups] = await Promise.all([getent("passwd", name), getent("initgroups", name)]);
  const [found, , uid, gid, , home] = passwd.split(":");
  if (found !== name || !/^\d+$/.test(uid ?? "") || !/^\d+$/.test(gid ?? "")) {
    throw new WorkerError("unsupported", `Cannot run as "${name}": this host has no such user`);
  }
  const [listed, ...others] = initgroups.split(/\s+/);
  const groups = listed === name ? [...new Set([gid, ...others].map(Number))] : null;
  const account = { name, uid: Number(uid), gid: Number(gid), home: home || "/", groups };
  if (Deno.uid() !== 0 && Deno.uid() !== account.uid) {
    throw new WorkerError("unsupported", `Cannot run as "${name}": only a daemon of root can change users`);
  }
  return account;
}

/** The line of a database of the host; empty when there is none. */
async function getent(database: string, key: string): Promise<string> {
  const { success, stdout } = await spawnChild("getent", {
    args: [database, "--", key],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).trim() : "";
}

/** Whether this process runs as an account already. What is not root's cannot take its groups anew, and need not. */
export function isOurs({ uid }: Account): boolean {
  return uid !== 0 && uid === Deno.uid();
}

/** What an account's programs expect in their environment (login(1)). */
export function environmentOf(account: Account): Record<string, string> {
  return { HOME: account.home, USER: account.name, LOGNAME: account.name };
}
