import { describeExpiry, expiresSoon } from "../../lib/pki/expiry.ts";
import { deepEqual, equal } from "../support/assert.ts";

const DAY = 86_400_000;
const now = new Date("2026-03-01T12:00:00Z");
const validity = (life: number, left: number) => {
  const notAfter = new Date(now.getTime() + left * DAY);
  return { notBefore: new Date(notAfter.getTime() - life * DAY), notAfter };
};

Deno.test("expiresSoon: days of life and left → 14 days, or a third of a short life", () => {
  const cases = [
    [365, 15, false],
    [365, 14, true],
    [45, 14.5, false],
    [45, 14, true],
    [30, 11, false],
    [30, 10, true],
    [3, 1.01, false],
    [3, 0.99, true],
    [0.1, 0.1, false],
    [0.1, 0.03, true],
    [365, 0, true],
    [365, -0.001, false], // which is told as what it is
  ] as const;
  deepEqual(
    cases.map(([life, left]) => [life, left, expiresSoon(validity(life, left), now)]),
    cases.map((one) => [...one]),
  );
});

Deno.test("describeExpiry: time left → days begun and the time itself", () => {
  for (
    const [left, text] of [[13.5, "within 14 days"], [1.5, "within 2 days"], [1, "within 1 day"], [
      0.01,
      "within 1 day",
    ]] as const
  ) {
    const one = validity(45, left);
    equal(describeExpiry(one, now), `expires ${text}, at ${one.notAfter.toISOString()}`);
  }
});
