import { readHome } from "../base/home.ts";
import type { CompletionFlags } from "./commands/completion.ts";
import type { ConnectionOptions } from "./connection.ts";

/**
 * Words as the shell would hand them on, out of words as they were typed: bash gives all of them so, fish the last one, zsh none.
 * A quote that is still open ends with the word. What a shell would replace, such as `$HOST`, stays: nothing is ever executed.
 */
export function unquote(shell: CompletionFlags["shell"], words: readonly string[]): string[] {
  const typedFrom = { bash: 0, fish: words.length - 1, zsh: words.length }[shell];
  return words.map((word, index) => index < typedFrom ? word : unquoteWord(word));
}

function unquoteWord(word: string): string {
  return word.replaceAll(
    /'([^']*)'?|"((?:[^"\\]|\\[^])*)"?|\\([^]?)/g,
    (_, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replaceAll(/\\([$`"\\])/g, "$1") ?? escaped ?? "",
  );
}

/** How the flags typed so far say to reach the server. */
export function connectionIn(words: readonly string[]): ConnectionOptions {
  const end = words.indexOf("--");
  const flags = end < 0 ? words.slice(0, -1) : words.slice(0, end);
  const valueOf = (flag: string) => {
    const index = flags.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`));
    const value = flags[index] === flag ? flags[index + 1] : flags[index]?.slice(flag.length + 1);
    return value?.replace(/^~(?=\/|$)/, () => readHome() ?? "~");
  };
  return {
    host: valueOf("--host"),
    socket: valueOf("--socket"),
    certs: valueOf("--certs"),
    identity: valueOf("--identity"),
  };
}
