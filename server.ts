/**
 * `teleworkerd`: the daemon.
 * @module
 */
import { runInstall, runUninstall } from "./lib/install/run.ts";
import { check } from "./lib/server/check.ts";
import { runDaemon } from "./lib/server/daemon.ts";
import { parseCommandLine } from "./lib/server/flags.ts";
import { configureLog } from "./lib/server/log.ts";
import { logger } from "./lib/server/logger.ts";
import { takeNotify } from "./lib/server/notify.ts";
import { readOptions } from "./lib/server/options.ts";

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
      case "install":
        await runInstall(command);
        break;
      case "uninstall":
        runUninstall(command);
        break;
      case "check":
      case "serve": {
        const options = await readOptions(command.flags, command.config ?? Deno.env.get("TELEWORKERD_CONFIG"));
        await configureLog(options.logLevel);
        if (command.verb === "check") Deno.exit(await check(options.cgroupRoot, command.output));
        const notify = takeNotify();
        ending.signal.addEventListener("abort", () => notify("STOPPING=1"));
        const ready = (address: string) => {
          console.log(`teleworkerd listening on ${address}`);
          notify(`READY=1\nSTATUS=Listening on ${address}`);
        };
        await runDaemon(options, ready, ending.signal);
      }
    }
    Deno.exit(0);
  } catch (error) {
    logger.debug("Cannot go on: {error}", { error });
    console.error(`teleworkerd: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
