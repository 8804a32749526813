import { ROOT } from "./stage.ts";

/** The commit of the sources, with `-dirty` when they were changed since; null where git knows nothing of them. */
export async function commit(): Promise<string | null> {
  const head = await git("rev-parse", "--short=12", "HEAD");
  if (head === null) return null;
  const changes = await git("status", "--porcelain", "--", "lib", "client.ts", "server.ts", "deno.json", "deno.lock");
  return changes === "" ? head : `${head}-dirty`;
}

/**
 * `SOURCE_DATE_EPOCH`, in seconds since 1970, by which builds are dated (https://reproducible-builds.org/specs/source-date-epoch/);
 * `undefined` if it is not set.
 * @throws {Error} when it is no number.
 */
export function sourceDateEpoch(): number | undefined {
  const seconds = Deno.env.get("SOURCE_DATE_EPOCH") || undefined;
  if (seconds === undefined) return undefined;
  if (/^\d+$/.test(seconds)) return Number(seconds);
  throw new Error(`Cannot tell the date of the sources: SOURCE_DATE_EPOCH is "${seconds}"`);
}

/**
 * When the sources are of: `SOURCE_DATE_EPOCH`, else the commit's time.
 * @throws {Error} when neither is known.
 */
export async function sourceDate(): Promise<Date> {
  const seconds = sourceDateEpoch() ?? await git("log", "-1", "--format=%ct");
  if (seconds !== null) return new Date(Number(seconds) * 1000);
  throw new Error("Cannot tell the date of the sources: this is no clone; set SOURCE_DATE_EPOCH");
}

async function git(...args: readonly string[]): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command("git", { args: ["-C", ROOT, ...args], stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
