import fc from "fast-check";
import { deepEqual, equal } from "../support/assert.ts";
import { listSchema, STATES } from "../../lib/contract/mod.ts";
import { refusals, refuses, takes } from "./refusals.ts";

Deno.test("listSchema takes no query, a hundred jobs then", () => {
  deepEqual(listSchema.parse({}), { limit: 100 });
});

Deno.test("listSchema takes one state or several", () => {
  deepEqual(listSchema.parse({ state: "running" }).state, ["running"]);
  deepEqual(listSchema.parse({ state: STATES.join(",") }).state, [...STATES]);
  refuses(listSchema, "state", ["", "ended", "running,", "Running", "running exited", ","]);
});

Deno.test("listSchema takes 1 to 1000 jobs on a page", () => {
  takes(listSchema, "limit", ["1", "1000", "0100"]);
  refuses(listSchema, "limit", [
    "0",
    "1001",
    "-1",
    "1.5",
    "1e2",
    "0x10",
    "",
    " 1",
    "all",
    "NaN",
    "99999999999999999999",
  ]);
});

Deno.test("listSchema takes only cursors that it could have given", () => {
  takes(listSchema, "cursor", ["0", "1", "999999999999999"]);
  refuses(listSchema, "cursor", ["", "-1", "1.5", "1e3", "null", "Infinity", "1000000000000000"]);
});

Deno.test("listSchema gives limits and cursors as the numbers that they are written as", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1000 }), fc.nat(), (limit, cursor) => {
    deepEqual(listSchema.parse({ limit: String(limit), cursor: String(cursor) }), { limit, cursor });
  }));
});

Deno.test("listSchema refuses an empty job and a parameter that it does not know", () => {
  refuses(listSchema, "job", [""]);
  equal(refusals(listSchema, { status: "running" }).length, 1);
});
