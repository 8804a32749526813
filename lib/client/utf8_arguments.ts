import { findNotUtf8Argument } from "../base/utf8.ts";
import { UsageFailure } from "./failure.ts";

/**
 * Makes sure that the arguments are what was given.
 * @throws {UsageFailure} when one is not UTF-8: Deno has changed it, and it would name another file.
 */
export async function requireUtf8Arguments(args: readonly string[]): Promise<void> {
  const problem = await findNotUtf8Argument(args);
  if (problem !== undefined) throw new UsageFailure(`Cannot use the argument ${problem}`);
}
