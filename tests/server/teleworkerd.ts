import { programEnvironment, programWords } from "../support/programs.ts";

/** How a daemon that a test did not want to run ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function command(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  prefix: readonly string[],
): Deno.Command {
  const [program = "", ...words] = [...prefix, ...programWords("teleworkerd")];
  return new Deno.Command(program, {
    args: [...words, ...args],
    ...programEnvironment({ ...env, NO_COLOR: "1" }),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/**
 * Runs the daemon to its end, with nothing but these arguments and variables; one that gets ready is told to end. `prefix` are the words
 * of a program that becomes it.
 */
export async function teleworkerd(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  prefix: readonly string[] = [],
): Promise<Ended> {
  const process = command(args, env, prefix).spawn();
  const stderr = new Response(process.stderr).text();
  let stdout = "";
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    stdout += text;
    if (stdout.startsWith("teleworkerd listening") && stdout.endsWith("\n")) process.kill("SIGTERM");
  }
  const { code } = await process.status;
  return { code, stdout, stderr: await stderr };
}
