import { join } from "node:path";

/** The environment of a client whose user lives there. The cache of Deno, which is at home too, stays where it is. */
export function atHome(home: string): Record<string, string> {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/", ".cache");
  return { HOME: home, DENO_DIR: Deno.env.get("DENO_DIR") ?? join(cache, "deno") };
}
