import { deepEqual, equal, rejects, throws } from "../support/assert.ts";
import { writeAll, writeLineSync } from "../../lib/base/write_all.ts";

/** A descriptor that takes three bytes at most, and at every second try none. */
class Reluctant {
  text = "";
  #tries = 0;

  writeSync(bytes: Uint8Array): number {
    if (this.#tries++ % 2 === 0) throw new Deno.errors.WouldBlock("Resource temporarily unavailable (os error 11)");
    const some = bytes.subarray(0, 3);
    this.text += new TextDecoder().decode(some);
    return some.length;
  }

  async write(bytes: Uint8Array): Promise<number> {
    return await Promise.resolve(bytes).then((bytes) => this.writeSync(bytes));
  }
}

const broken = {
  writeSync: (): number => {
    throw new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
  },
  write: () => Promise.reject(new Deno.errors.BrokenPipe("Broken pipe (os error 32)")),
};

Deno.test("writeAll: a descriptor that is not to block → every byte, in order", async () => {
  const to = new Reluctant();
  await writeAll(to, new TextEncoder().encode("one two three"));
  equal(to.text, "one two three");
});

Deno.test("writeLineSync: a descriptor that is not to block → the whole line", () => {
  const to = new Reluctant();
  writeLineSync(to, "one two three");
  deepEqual(to.text, "one two three\n");
});

Deno.test("writeAll, writeLineSync: any other failure → that failure", async () => {
  await rejects(writeAll(broken, Uint8Array.of(1)), Deno.errors.BrokenPipe);
  throws(() => writeLineSync(broken, "x"), Deno.errors.BrokenPipe);
});
