import { readVariable } from "./utf8.ts";

/**
 * Reads the variable HOME as the user has it; `undefined` if it is not set, or empty. The launcher of a self-contained program hands it on
 * under another name, for Deno gets a HOME of its own: it reads `.npmrc` there, and does not start when that cannot be used.
 * @throws {TypeError} when it is not UTF-8.
 */
export function readHome(): string | undefined {
  return (readVariable("TELEWORKER_HOME", "HOME") ?? readVariable("HOME")) || undefined;
}
