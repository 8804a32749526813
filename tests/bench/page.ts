import type { Figure } from "./figure.ts";
import { run } from "./process.ts";

const PAGE = new URL("../../docs/performance.md", import.meta.url).pathname;
const BETWEEN = /(<!-- bench -->)[^]*?(<!-- bench -->)/;

/** The figures as a table of Markdown. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, ours, reference, ratio, target, held, note }) => [
    ...[what, ours, reference ?? "", ratio?.toFixed(2) ?? "", target ?? ""],
    ...[held === undefined ? "" : held ? "held" : "**missed**", note ?? ""],
  ]);
  const head = ["what", "ours", "against", "ratio", "target", "result", "note"];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(escape).join(" | ")} |`).join("\n");
}

/** Puts a text between the page's two marks. */
export async function writePage(text: string): Promise<void> {
  const page = await Deno.readTextFile(PAGE);
  if (!BETWEEN.test(page)) throw new Error(`Cannot write "${PAGE}": it has no marks`);
  await Deno.writeTextFile(PAGE, page.replace(BETWEEN, (_, begin, end) => `${begin}\n\n${text}\n\n${end}`));
  await run(Deno.execPath(), ["fmt", "--quiet", PAGE]);
}

function escape(cell: string): string {
  return cell.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}
