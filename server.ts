/**
 * `teleworkerd`: the daemon.
 * @module
 */
import { readVariable } from "./lib/base/utf8.ts";
import { findInstalled } from "./lib/install/installed.ts";
import { runInstall, runUninstall } from "./lib/install/run.ts";
import { check } from "./lib/server/check.ts";
import { runDaemon } from "./lib/server/daemon.ts";
import { reportFailure } from "./lib/server/failure.ts";
import { type CommandLine, parseCommandLine, requireUtf8Arguments, type RunCommand } from "./lib/server/flags.ts";
import { stderr, stdout } from "./lib/server/log/line_writer.ts";
import { configureLog } from "./lib/server/log/log.ts";
import { logger } from "./lib/server/log/logger.ts";
import { takeNotify } from "./lib/server/notify.ts";
import { namesOptions, readOptions } from "./lib/server/options.ts";
import { request } from "./lib/server/request.ts";

/** Does what the command line asks for; the daemon ends with the signal. */
async function run(command: CommandLine, signal: AbortSignal): Promise<number> {
  switch (command.verb) {
    case "install":
      await runInstall(command);
      return 0;
    case "uninstall":
      runUninstall(command);
      return 0;
    case "request":
      await request(command);
      return 0;
    case "check":
    case "serve":
      return await runHere(command, signal);
  }
}

async function runHere({ verb, output, flags, config }: RunCommand, signal: AbortSignal): Promise<number> {
  requireDirectory();
  const given = config ?? readVariable("TELEWORKERD_CONFIG");
  // Whoever names no option means the daemon that is installed.
  const installed = verb === "check" && given === undefined && !namesOptions(flags) ? findInstalled() : undefined;
  const file = given ?? installed?.config;
  const options = await readOptions(flags, file);
  await configureLog(options.logLevel);
  if (verb === "check") {
    const made = installed?.made ?? [];
    return await check(options, output, { config: file ?? null, installed: installed !== undefined, made });
  }
  const notify = takeNotify();
  signal.addEventListener("abort", () => notify("STOPPING=1"));
  const ready = (address: string) => {
    // On a full disk a daemon is needed to stop what fills it: what cannot be written there must not end it.
    stdout.write(`teleworkerd listening on ${address}`);
    notify(`READY=1\nSTATUS=Listening on ${address}`);
  };
  await runDaemon(options, ready, signal);
  return 0;
}

/** Fails in a directory that was removed: Deno starts no program from there, be it by its absolute path. */
function requireDirectory(): void {
  try {
    Deno.cwd();
  } catch (error) {
    throw new Error("Cannot run in a directory that was removed; run: cd /", { cause: error });
  }
}

if (import.meta.main) {
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
    const code = await run(parseCommandLine(await requireUtf8Arguments(Deno.args)), ending.signal);
    await stderr.flush();
    Deno.exit(code);
  } catch (error) {
    Deno.exit(await reportFailure(error));
  }
}
