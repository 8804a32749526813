import { equal } from "node:assert/strict";
import { z } from "zod";
import { VERSION } from "../../lib/contract/mod.ts";

Deno.test("VERSION is the one in deno.json", async () => {
  const text = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));
  equal(VERSION, z.object({ version: z.string() }).parse(JSON.parse(text)).version);
});
