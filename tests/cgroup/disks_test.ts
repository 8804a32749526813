import assert from "node:assert/strict";
import { wholeDisks } from "../../lib/cgroup/disks.ts";
import { withFiles } from "./helpers.ts";

Deno.test("wholeDisks takes real disks and what is made of them, and nothing in memory", () => {
  const numbers = {
    "sda": "8:0",
    "nvme0n1": "259:0",
    "dm-0": "253:0",
    "md127": "9:127",
    "loop0": "7:0",
    "ram3": "1:3",
    "zram0": "252:0",
  };
  const files = Object.fromEntries(Object.entries(numbers).map(([name, number]) => [`${name}/dev`, `${number}\n`]));
  withFiles({ ...files, "nvme0c0n1/hidden": "1\n", "sdz/dev": "garbage\n" }, (directory) => {
    assert.deepEqual(wholeDisks(directory).sort(), ["253:0", "259:0", "8:0", "9:127"]);
  });
});

Deno.test("wholeDisks finds none where there is no such directory", () => {
  assert.deepEqual(wholeDisks("/nonexistent"), []);
});
