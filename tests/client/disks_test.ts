import { deepEqual, equal, match, throws } from "../support/assert.ts";
import { mergeDisks } from "../../lib/client/disks.ts";
import { teleworker } from "../support/teleworker.ts";

Deno.test("mergeDisks makes a number of one value, an object of several disks, nothing of none", () => {
  equal(mergeDisks([]), undefined);
  equal(mergeDisks([{ disk: null, value: 5 }]), 5);
  deepEqual(mergeDisks([{ disk: "sda", value: 5 }, { disk: "8:16", value: 6 }]), { sda: 5, "8:16": 6 });
});

Deno.test("mergeDisks loses no disk, whatever its name", () => {
  const disks = ["__proto__", "constructor", "hasOwnProperty"];
  const merged = mergeDisks(disks.map((disk, index) => ({ disk, value: index + 1 })));
  equal(JSON.stringify(merged), '{"__proto__":1,"constructor":2,"hasOwnProperty":3}');
});

Deno.test("mergeDisks refuses what contradicts itself", () => {
  throws(() => mergeDisks([{ disk: null, value: 5 }, { disk: "sda", value: 6 }]), /one value for all of them/);
  throws(() => mergeDisks([{ disk: "sda", value: 5 }, { disk: "sda", value: 6 }]), /"sda" is given twice/);
});

Deno.test("disk limits that contradict each other are wrong usage, and nothing is started", async () => {
  const nowhere = { address: "127.0.0.1:1024", certs: "/nonexistent" };
  for (const wrong of [":1M", "sda:", "sda:1Q", "sda:0"]) {
    const { code, stderr } = await teleworker(nowhere, ["start", "--write-bps", wrong, "--", "true"]);
    equal(code, 2, wrong);
    match(stderr, /^teleworker: Cannot use --write-bps "/);
  }
});
