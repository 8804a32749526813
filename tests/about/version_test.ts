import { match } from "../support/assert.ts";
import { VERSION } from "../../lib/about/version.ts";

Deno.test("VERSION is a semantic version", () => {
  match(VERSION, /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/);
});
