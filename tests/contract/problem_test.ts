import { deepEqual } from "../support/assert.ts";
import { problemSchema } from "../../lib/contract/mod.ts";
import { refuses } from "./refusals.ts";

const PROBLEM = { title: "Not found", status: 404 };

Deno.test("problemSchema takes a problem of the least, whose type is then about:blank (RFC 9457, 4.2.1)", () => {
  deepEqual(problemSchema.parse(PROBLEM), { type: "about:blank", ...PROBLEM });
});

Deno.test("problemSchema refuses what is no problem", () => {
  refuses(problemSchema, "status", ["404", 404.5, undefined], PROBLEM);
  refuses(problemSchema, "title", [undefined, null], PROBLEM);
  refuses(problemSchema, "errors", [[{ field: "x" }], "x"], PROBLEM);
});
