import { deepEqual, equal } from "../support/assert.ts";
import { outputSchema, statusSchema } from "../../lib/contract/mod.ts";
import { refusals, refuses, takes } from "./refusals.ts";

const NOT_WHOLE = ["", "-1", "+1", "1.5", "1e3", "0x10", " 1", "1 ", "NaN", "Infinity", "all", "1000000000000000"];

Deno.test("outputSchema takes no query: all of what is there, without following", () => {
  deepEqual(outputSchema.parse({}), { follow: false });
});

Deno.test("outputSchema takes an offset or a tail as whole numbers", () => {
  for (const field of ["offset", "tail"]) {
    takes(outputSchema, field, ["0", "1", "999999999999999"]);
    refuses(outputSchema, field, NOT_WHOLE);
  }
  deepEqual(outputSchema.parse({ offset: "0", follow: "true" }), { offset: 0, follow: true });
});

Deno.test("outputSchema refuses an offset beside a tail, zero or not", () => {
  deepEqual(refusals(outputSchema, { offset: "0", tail: "0" }), ["tail"]);
});

Deno.test("outputSchema refuses a parameter that it does not know", () => {
  equal(refusals(outputSchema, { lines: "1" }).length, 1);
});

Deno.test("switches are true or false and nothing near it", () => {
  const near = ["", "1", "0", "yes", "True", "TRUE", " true", "null"];
  refuses(outputSchema, "follow", near);
  refuses(statusSchema, "wait", near);
  takes(outputSchema, "follow", ["true", "false"]);
  takes(statusSchema, "wait", ["true", "false"]);
  deepEqual(statusSchema.parse({}), { wait: false });
});
