/**
 * `teleworkerd`: the daemon.
 * @module
 */
import { check } from "./lib/server/check.ts";
import { runDaemon } from "./lib/server/daemon.ts";
import { escapeControls } from "./lib/server/escape_controls.ts";
import { parseCommandLine } from "./lib/server/flags.ts";
import { stderr } from "./lib/server/line_writer.ts";
import { configureLog } from "./lib/server/log.ts";
import { logger } from "./lib/server/logger.ts";
import { readOptions } from "./lib/server/options.ts";
import { request } from "./lib/server/request.ts";

if (import.meta.main) {
  const command = parseCommandLine(Deno.args);
  const ending = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, () => ending.abort());
  // A peer must not be able to end the daemon by an error that nobody thought of; it is logged as what it is, a fault of ours.
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    logger.error("Unhandled: {error}", { error: event.reason });
  });
  addEventListener("error", (event) => {
    event.preventDefault();
    logger.error("Unhandled: {error}", { error: event.error });
  });
  try {
    switch (command.verb) {
      case "request":
        await request(command);
        break;
      case "check":
      case "serve": {
        const options = await readOptions(command.flags, command.config ?? Deno.env.get("TELEWORKERD_CONFIG"));
        await configureLog(options.logLevel);
        if (command.verb === "check") Deno.exit(await check(options.cgroupRoot, command.output));
        await runDaemon(options, (address) => console.log(`teleworkerd listening on ${address}`), ending.signal);
      }
    }
    await stderr.flush();
    Deno.exit(0);
  } catch (error) {
    logger.debug("Cannot go on: {error}", { error });
    stderr.write(`teleworkerd: ${escapeControls(error instanceof Error ? error.message : String(error))}`);
    await stderr.flush();
    Deno.exit(1);
  }
}
