import { programEnvironment } from "./programs.ts";

/** What a program wrote on a terminal, and how it ended. */
export interface Shown {
  readonly code: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly text: string;
}

/** Whether there is script(1), which comes with util-linux. */
export function hasScript(): boolean {
  try {
    return new Deno.Command("script", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Runs a program with a terminal of 24 lines and 80 columns for its stdin, stdout and stderr, which script(1) gives it. The terminal leaves
 * ends of lines as they are.
 *
 * @param env its variables, in addition to those that any program gets.
 */
export async function onTerminal(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { cwd, size = "rows 24 cols 80" }: { readonly cwd?: string; readonly size?: string } = {},
): Promise<Shown> {
  const command = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const { code, stdout } = await new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", `stty -opost ${size}; exec ${command}`, "/dev/null"],
    ...programEnvironment({ TERM: "xterm", SHELL: "/bin/sh", ...env }),
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).output();
  return { code, bytes: stdout, text: new TextDecoder().decode(stdout) };
}
