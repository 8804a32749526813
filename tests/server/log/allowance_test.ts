import { deepEqual, equal, ok } from "../../support/assert.ts";
import { Allowance } from "../../../lib/server/log/allowance.ts";
import { until } from "../../support/until.ts";

/** How many of `count` pass. */
function take(allowance: Allowance, count: number): number {
  return Array.from({ length: count }, () => allowance.take()).filter((passes) => passes).length;
}

Deno.test("Allowance lets so many pass in a while, tells of the others, and begins anew", async () => {
  const told: number[] = [];
  const begin = Date.now();
  using allowance = new Allowance(3, 100, (count, since) => {
    ok(since.getTime() >= begin && since.getTime() <= Date.now());
    told.push(count);
  });
  equal(take(allowance, 2), 2);
  equal(take(allowance, 5), 1);
  await until("it is told", () => told.length > 0);
  equal(take(allowance, 4), 3);
  await until("it is told again", () => told.length > 1);
  deepEqual(told, [4, 1]);
});

Deno.test("Allowance tells nothing where all passed, the rest at its end, and lets nothing pass after that", () => {
  for (const [count, rest] of [[3, []], [5, [2]]] as const) {
    const told: number[] = [];
    const allowance = new Allowance(3, 60_000, (count) => told.push(count));
    equal(take(allowance, count), 3);
    allowance[Symbol.dispose]();
    // What comes now must not leave a timer behind, which would keep the process from ending.
    equal(take(allowance, 1), 0);
    allowance[Symbol.dispose]();
    deepEqual(told, rest);
  }
});
