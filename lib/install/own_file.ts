import { realpath } from "node:fs/promises";
import type { Build } from "../about/build.ts";

/**
 * The file that this program is.
 * @param kind How it was built, for each kind knows it in its own way.
 * @throws {Error} when it is not one file, but run from its source.
 */
export async function ownFile(kind: Build["kind"]): Promise<string> {
  if (kind === "source") {
    throw new Error("Cannot install a program that is run from its source: make a binary with deno task build first");
  }
  if (kind === "compiled") return Deno.execPath();
  // Deno.execPath() is that of the runtime in the cache; the launcher says which file it is itself.
  const launcher = Deno.env.get("TELEWORKER_FILE");
  if (launcher === undefined) throw new Error("Cannot find the file of this program: TELEWORKER_FILE is not set");
  return await realpath(launcher);
}
