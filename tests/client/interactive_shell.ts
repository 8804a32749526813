import { join } from "node:path";
import { TemporaryFolder } from "../support/folder.ts";
import { programWords } from "../support/programs.ts";
import { until } from "../support/until.ts";

/** A shell that teleworker completes for. */
export type ShellName = "bash" | "zsh" | "fish";

const PROMPT = "ready> ";

/** How each shell is started without anybody's configuration, and made ready. */
const SHELLS: Readonly<Record<ShellName, { readonly command: string; readonly setUp: readonly string[] }>> = {
  bash: {
    command: "bash --noprofile --norc -i",
    setUp: ["bind 'set bell-style none'", "bind 'set enable-bracketed-paste off'"],
  },
  zsh: {
    command: "zsh -f -i",
    // A TAB with more input behind it is to complete all the same.
    setUp: ["autoload -Uz compinit", "compinit -u -D", "zstyle ':completion:*' insert-tab false", "unsetopt beep"],
  },
  fish: { command: "fish --no-config --interactive", setUp: [] },
};

/** Whether a shell, and script(1) that gives it a terminal, are here. */
export function hasShell(name: ShellName): boolean {
  return ["script", name].every((program) => {
    try {
      return new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}

/**
 * A real shell on a terminal of its own, which has switched completion on as a user does. `teleworker` is the real client for
 * completions; any other call of it leaves its arguments in a file.
 */
export class InteractiveShell implements AsyncDisposable {
  readonly #name: ShellName;
  readonly #folder: TemporaryFolder;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  /** All that its terminal showed. */
  screen = "";

  private constructor(name: ShellName, folder: TemporaryFolder, process: Deno.ChildProcess) {
    this.#name = name;
    this.#folder = folder;
    this.#process = process;
    this.#input = process.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** Starts one with these variables besides PATH, HOME and what a terminal needs. */
  static async start(name: ShellName, env: Readonly<Record<string, string>>): Promise<InteractiveShell> {
    const folder = await TemporaryFolder.create();
    await writeClient(join(folder.path, "teleworker"), join(folder.path, "arguments"));
    const { command, setUp } = SHELLS[name];
    const process = new Deno.Command("script", {
      args: ["--quiet", "--flush", "--command", `stty cols 200 rows 60; exec ${command}`, "/dev/null"],
      cwd: folder.path,
      clearEnv: true,
      env: {
        PATH: `${folder.path}:${Deno.env.get("PATH")}`,
        HOME: folder.path,
        DENO_DIR: Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "/", ".cache/deno"),
        SHELL: "/bin/sh",
        TERM: "xterm",
        LC_ALL: "C.UTF-8",
        ...env,
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const shell = new InteractiveShell(name, folder, process);
    try {
      const on = name === "fish" ? "teleworker completion fish | source" : `eval "$(teleworker completion ${name})"`;
      const prompt = name === "fish" ? `function fish_prompt; printf 'ready%s ' '>'; end` : `PS1='ready''> '`;
      await shell.send([...setUp, on, prompt, ""].join("\r"));
      await until(`${name} shows its prompt`, () => shell.screen.includes(PROMPT));
      return shell;
    } catch (error) {
      await shell[Symbol.asyncDispose]();
      throw new Error(`${name} did not start: ${shell.screen}`, { cause: error });
    }
  }

  /** The folder it is in. */
  get folder(): string {
    return this.#folder.path;
  }

  /** Types keys. */
  async send(keys: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(keys));
  }

  /** Types keys and Enter; the arguments that teleworker is called with then. */
  async call(keys: string): Promise<string[]> {
    const path = join(this.folder, "arguments");
    await this.send(`${keys}\r`);
    const text = await until(
      `${this.#name} calls teleworker after ${JSON.stringify(keys)}`,
      () => Deno.readTextFile(path).catch(() => undefined),
    ).catch((error) => {
      throw new Error(`It shows ${JSON.stringify(this.screen.slice(-2000))}`, { cause: error });
    });
    await Deno.remove(path);
    return text.split("\n").slice(0, -1);
  }

  /** Types keys; what the terminal shows after that, once all of `expected` is among it. Clears the line. */
  async shows(keys: string, expected: readonly string[]): Promise<string> {
    const from = this.screen.length;
    const shown = () => this.screen.slice(from);
    await this.send(keys);
    await until(`${this.#name} shows ${expected}`, () => expected.every((text) => shown().includes(text)))
      .catch((error) => {
        throw new Error(`It shows ${JSON.stringify(shown())}`, { cause: error });
      });
    await this.send("\x03");
    return shown();
  }

  async #read(): Promise<void> {
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) this.screen += text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#reading;
    await this.#input.close().catch(() => {});
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** A `teleworker` that completes, and otherwise only notes its arguments, a line each, all at once. */
export async function writeClient(path: string, argumentsFile: string): Promise<void> {
  await Deno.writeTextFile(
    path,
    `#!/bin/sh
[ "$1" = completion ] && exec ${programWords("teleworker").map((word) => `'${word}'`).join(" ")} "$@"
printf '%s\\n' "$@" >'${argumentsFile}.new' && mv '${argumentsFile}.new' '${argumentsFile}'
`,
    { mode: 0o755 },
  );
}
