import { deepEqual, equal } from "../support/assert.ts";
import { stopSchema } from "../../lib/contract/mod.ts";
import { refusals, refuses, takes } from "./refusals.ts";

Deno.test("stopSchema takes nothing, a signal, a grace", () => {
  deepEqual(stopSchema.parse({}), {});
  takes(stopSchema, "signal", ["SIGTERM", "SIGUSR1"]);
  takes(stopSchema, "graceSeconds", [0, 0.5, 86_400]);
});

Deno.test("stopSchema refuses signals that are not written in full", () => {
  refuses(stopSchema, "signal", ["", "TERM", "sigterm", "SIG", "9", 9, "SIGTERM ", "SIGTERM\n", "SIGRTMIN+1", null]);
});

Deno.test("stopSchema refuses a grace that is no span of time", () => {
  refuses(stopSchema, "graceSeconds", [-1, NaN, Infinity, 86_401, "10", null]);
});

Deno.test("stopSchema refuses a field that it does not know", () => {
  equal(refusals(stopSchema, { kill: true }).length, 1);
});
