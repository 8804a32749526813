import { ROOT } from "./stage.ts";

/** The commit of the sources, with `-dirty` when they were changed since; null where git knows nothing of them. */
export async function commit(): Promise<string | null> {
  const head = await git("rev-parse", "--short=12", "HEAD");
  if (head === null) return null;
  const changes = await git("status", "--porcelain", "--", "lib", "client.ts", "server.ts", "deno.json", "deno.lock");
  return changes === "" ? head : `${head}-dirty`;
}

/**
 * When the sources are of: `SOURCE_DATE_EPOCH`, else the commit's time.
 * @throws {Error} when neither is known.
 */
export async function sourceDate(): Promise<Date> {
  const seconds = Deno.env.get("SOURCE_DATE_EPOCH") || await git("log", "-1", "--format=%ct");
  if (seconds === null || !/^\d+$/.test(seconds)) {
    throw new Error(
      `Cannot tell the date of the sources: ${
        seconds === null ? "this is no clone; set SOURCE_DATE_EPOCH" : `SOURCE_DATE_EPOCH is "${seconds}"`
      }`,
    );
  }
  return new Date(Number(seconds) * 1000);
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
