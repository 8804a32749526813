/**
 * `teleworker`: the client.
 * @module
 */
import "./lib/client/warm_up.ts"; // first, so that it works while the others load
import { EXIT } from "./lib/client/exit_code.ts";
import { UsageFailure } from "./lib/client/failure.ts";
import { execute, parse } from "./lib/client/program.ts";
import { flushNotes, noteFailure } from "./lib/client/terminal.ts";
import { requireUtf8Arguments } from "./lib/client/utf8_arguments.ts";

if (import.meta.main) {
  let command: ReturnType<typeof parse> | undefined;
  try {
    await requireUtf8Arguments(Deno.args);
    command = parse(Deno.args);
    const code = await execute(command);
    await flushNotes();
    Deno.exit(code);
  } catch (error) {
    // Nobody reads us any more, as behind `| head`: end as a program that SIGPIPE ends.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(EXIT.brokenPipe);
    await flushNotes();
    await noteFailure(error).catch(() => {});
    if (error instanceof UsageFailure) Deno.exit(EXIT.usage);
    const standsForJob = command?.verb === "run" || command?.verb === "wait" ||
      (command?.verb === "logs" && command.follow);
    Deno.exit(standsForJob ? EXIT.teleworker : EXIT.failure);
  }
}
