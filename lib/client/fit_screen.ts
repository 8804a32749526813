import { cutColumns } from "../base/columns.ts";

/**
 * Fits a table, the first line its head, on a screen: lines are cut that would wrap, and left out, which a last one counts, that would
 * make the head scroll away. Below it the cursor has a line.
 *
 * @param size Zero where the terminal does not say, as one behind a serial line; then all of it fits.
 */
export function fitScreen(
  table: readonly string[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string[] {
  const lines = columns === 0 ? table : table.map((line) => cutColumns(line, columns));
  if (rows === 0 || lines.length < rows) return [...lines];
  // With a count below it the head would scroll away.
  if (rows < 3) return lines.slice(0, 1);
  const shown = lines.slice(0, rows - 2);
  return [...shown, cutColumns(`… and ${lines.length - shown.length} more`, columns || Infinity)];
}
