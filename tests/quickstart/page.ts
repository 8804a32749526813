/** Commands of the page that are typed into one host's terminal. */
export interface Block {
  readonly host: "laptop" | "server";
  /** How the page says that they end. */
  readonly end: "by themselves" | "never" | "by Ctrl-C";
  readonly commands: string;
  /** What the page shows that they print; anything if it shows nothing. */
  readonly shown: RegExp;
}

/** The page's blocks in its order. */
export function readBlocks(page: string): Block[] {
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```\n(?:\n```text\n([^]*?)^```\n)?/gm)];
  return blocks.map(([, commands = "", shown = ""]) => ({ ...headOf(commands), commands, shown: patternOf(shown) }));
}

function headOf(commands: string): Pick<Block, "host" | "end"> {
  const [, host, end] = /^# (laptop|server)(, leave it running|, until Ctrl-C)?\n/.exec(commands) ?? [];
  if (host !== "laptop" && host !== "server") {
    throw new Error(`The page does not say where these are typed: ${commands}`);
  }
  return { host, end: end === undefined ? "by themselves" : end.startsWith(", leave") ? "never" : "by Ctrl-C" };
}

/** Its lines in their order, among others: an ellipsis stands for any text, and one space for several. */
function patternOf(shown: string): RegExp {
  const lines = shown.split("\n").filter((line) => line.trim() !== "");
  const patterns = lines.map((line) =>
    line.trim().split("…").map((text) => text.split(/\s+/).map(RegExp.escape).join("\\s+")).join(".*")
  );
  return new RegExp(patterns.map((pattern) => `^\\s*${pattern}\\s*$`).join("[^]*?"), "m");
}
