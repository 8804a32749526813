import { join } from "node:path";
import { deepEqual } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { onTerminal } from "../support/on_terminal.ts";
import { programEnvironment, programWords } from "../support/programs.ts";

const NOTE = "teleworker: stdin is not sent to the job, whose own is empty; </dev/null leaves out this line\n";

Deno.test("run: a stdin that may have bytes → a note that it is not sent", async (t) => {
  await using daemon = await Daemon.start();
  const env = { TELEWORKER_HOST: daemon.address, TELEWORKER_CERTS: daemon.certs, TELEWORKER_IDENTITY: "alice" };
  const path = (name: string) => join(daemon.folder.path, name);
  await Deno.writeTextFile(path("text"), "input\n");
  await Deno.writeTextFile(path("nothing"), "");

  /** Runs the client with its stdin as a shell makes it. */
  const run = async (shell: string, ...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", shell, "sh", ...programWords("teleworker"), ...args],
      ...programEnvironment({ ...env, NO_COLOR: "1" }),
      cwd: daemon.folder.path,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return [code, decoder.decode(stdout), decoder.decode(stderr)];
  };
  const job = ["run", "--", "sh", "-c", "cat; echo done; exit 3"];

  for (
    const [name, shell, note] of [
      ["a file", 'exec "$@" <text', NOTE],
      ["a pipe that has bytes", 'cat text | "$@"', NOTE],
      ["a pipe that stays open and empty", 'mkfifo fifo && exec 3<>fifo && "$@" <fifo', NOTE],
      ["a device", 'exec "$@" </dev/zero', NOTE],
      ["/dev/null", 'exec "$@" </dev/null', ""],
      ["nothing, as it is closed", 'exec "$@" <&-', ""],
      ["an empty file", 'exec "$@" <nothing', ""],
      ["a directory", 'exec "$@" <.', ""],
    ] as const
  ) {
    await t.step(name, async () => deepEqual(await run(shell, ...job), [3, "done\n", note]));
  }

  await t.step("a terminal", async () => {
    const { code, text } = await onTerminal([...programWords("teleworker"), ...job], { ...env, NO_COLOR: "1" });
    deepEqual([code, text], [3, "done\n"]);
  });

  await t.step("no other verb says so", async () => {
    deepEqual(await run('exec "$@" <text', "list"), [0, "ID  NAME  OWNER  STATE  RAN FOR  COMMAND\n", ""]);
  });
});
