import { deepEqual } from "../support/assert.ts";
import { fitScreen } from "../../lib/client/fit_screen.ts";

const TABLE = ["HEAD", "one", "two", "three"];

Deno.test("fitScreen: a screen with room → the table, and a line below it", () => {
  deepEqual(fitScreen(TABLE, { columns: 80, rows: 5 }), TABLE);
});

Deno.test("fitScreen: too few rows → the head, what fits, and how many do not", () => {
  deepEqual(fitScreen(TABLE, { columns: 80, rows: 4 }), ["HEAD", "one", "… and 2 more"]);
  deepEqual(fitScreen(TABLE, { columns: 80, rows: 3 }), ["HEAD", "… and 3 more"]);
  for (const rows of [2, 1]) deepEqual(fitScreen(TABLE, { columns: 80, rows }), ["HEAD"], String(rows));
});

Deno.test("fitScreen: too few columns → no line that would wrap", () => {
  deepEqual(fitScreen(["漢字漢字", ...TABLE], { columns: 5, rows: 3 }), ["漢字…", "… an…"]);
});

Deno.test("fitScreen: a size that is not known → all of it", () => {
  deepEqual(fitScreen(TABLE, { columns: 0, rows: 0 }), TABLE);
});
