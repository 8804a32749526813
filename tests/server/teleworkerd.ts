import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../server.ts", import.meta.url));

/** How a daemon that a test did not want to run ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function command(args: readonly string[], env: Readonly<Record<string, string>>): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "--no-check", MAIN, ...args],
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs the daemon to its end, with nothing but these arguments and variables. */
export async function teleworkerd(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await command(args, env).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs the daemon until it says that it is ready, ends it, and gives what it said. It must end well. */
export async function readyLine(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const process = command(args, env).spawn();
  const stderr = new Response(process.stderr).text();
  let stdout = "";
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    stdout += text;
    if (stdout.endsWith("\n")) process.kill("SIGTERM");
  }
  const { code } = await process.status;
  if (code !== 0) throw new Error(`The daemon ended with ${code}: ${await stderr}`);
  await stderr;
  return stdout;
}
