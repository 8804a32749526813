import { escapeTerminal } from "../base/escape_terminal.ts";
import { describeError } from "../base/system_error.ts";
import { stderr } from "./log/line_writer.ts";
import { logger } from "./log/logger.ts";

/** As a shell says of a program that SIGPIPE ended. */
const BROKEN_PIPE = 141;

/**
 * Says on stderr why the program cannot go on; nothing when nobody reads what it prints any more, as behind `| head`.
 * @returns the exit code.
 */
export async function reportFailure(error: unknown): Promise<number> {
  if (error instanceof Deno.errors.BrokenPipe) return BROKEN_PIPE;
  logger.debug("Cannot go on: {error}", { error });
  stderr.write(`teleworkerd: ${escapeTerminal(describeError(error))}`);
  await stderr.flush();
  return 1;
}
