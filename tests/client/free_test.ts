import { Buffer } from "node:buffer";
import { equal } from "../support/assert.ts";
import { free } from "../../lib/client/free.ts";

Deno.test("free takes the bytes away that have a buffer of their own, and no others", () => {
  const own = new Uint8Array(10);
  free(own);
  equal(own.length, 0);
  free(own);
  const pooled = Buffer.from("pooled");
  free(pooled);
  equal(pooled.toString(), "pooled");
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  free(shared);
  equal(shared.length, 4);
});
