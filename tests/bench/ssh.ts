import { join } from "node:path";
import type { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { teleworker } from "../support/teleworker.ts";
import { byTurns, type Figure, formatMilliseconds, milliseconds } from "./figure.ts";
import { accepting, findProgram, freePort, run, Server } from "./process.ts";

/** `teleworker run -- true` against `ssh 127.0.0.1 true`. */
export async function measureSsh(daemon: Daemon): Promise<Figure[]> {
  const what = "`teleworker run -- true` against `ssh 127.0.0.1 true`";
  const target = "at most 0.5";
  const [sshd, ssh] = [await findProgram("sshd"), await findProgram("ssh")];
  if (sshd === undefined || ssh === undefined) {
    return [{ what, ours: "", target, note: "not measured: no OpenSSH here" }];
  }
  await using folder = await TemporaryFolder.create();
  const port = freePort();
  await using _server = await startSshd(sshd, folder.path, port);
  const user = (await run("id", ["-un"])).trim();
  const options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes"];
  const args = [
    ...["-F", "none", "-q", "-p", `${port}`, "-i", join(folder.path, "user")],
    ...options.flatMap((option) => ["-o", option]),
    ...[`${user}@127.0.0.1`, "true"],
  ];
  const { ours, reference } = await byTurns(
    () => milliseconds(() => runTrue(daemon)),
    () => milliseconds(() => run(ssh, args)),
    11,
  );
  return [{
    what,
    ours: formatMilliseconds(ours),
    reference: formatMilliseconds(reference),
    ratio: ours / reference,
    target,
    held: ours / reference <= 0.5,
    note: `of ours ${formatMilliseconds(await emptyDeno(folder.path))} are Deno itself: an empty program`,
  }];
}

async function runTrue(daemon: Daemon): Promise<void> {
  const { code, stderr } = await teleworker(daemon, ["run", "--", "true"]);
  if (code !== 0) throw new Error(`Cannot run "true" by the client: ${stderr}`);
}

async function emptyDeno(folder: string): Promise<number> {
  const path = join(folder, "empty.ts");
  await Deno.writeTextFile(path, "");
  const time = () => milliseconds(() => run(Deno.execPath(), ["run", "--quiet", "--no-check", path]));
  return (await byTurns(time, time)).ours;
}

async function startSshd(sshd: string, folder: string, port: number): Promise<Server> {
  // Where Debian's sshd locks itself in before a login.
  await Deno.mkdir("/run/sshd", { recursive: true });
  for (const key of ["host", "user"]) {
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, key)]);
  }
  const options = [
    ...["ListenAddress=127.0.0.1", "StrictModes=no", "PidFile=none"],
    `AuthorizedKeysFile=${join(folder, "user.pub")}`,
  ];
  const server = new Server(sshd, [
    ...["-D", "-e", "-f", "/dev/null", "-h", join(folder, "host"), "-p", `${port}`],
    ...options.flatMap((option) => ["-o", option]),
  ]);
  try {
    await accepting(port);
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
