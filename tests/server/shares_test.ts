import { deepEqual, equal } from "../support/assert.ts";
import { Shares } from "../../lib/server/shares.ts";

/** Takes places and keeps track of who had to give up which. */
class Takers {
  readonly gone: string[] = [];
  readonly #shares: Shares;

  constructor(most: number, mostOfOne?: number) {
    this.#shares = new Shares(most, mostOfOne);
  }

  take(place: string): (() => void) | null {
    return this.#shares.take(place.slice(0, 1), () => this.gone.push(place));
  }

  count(names: string): number[] {
    return [...names].map((name) => this.#shares.of(name));
  }
}

Deno.test("Shares gives all places to one, and those of whoever has the most to others, the newest first", () => {
  const takers = new Takers(4);
  for (const place of ["a1", "a2", "a3", "a4"]) takers.take(place);
  equal(takers.take("a5"), null);
  for (const place of ["b1", "b2"]) takers.take(place);
  deepEqual(takers.gone, ["a4", "a3"]);
  // Each has two: one more would only turn it round.
  deepEqual([takers.take("a5"), takers.take("b3")], [null, null]);
  takers.take("c1");
  takers.take("d1");
  deepEqual([takers.gone, takers.count("abcd")], [["a4", "a3", "a2", "b2"], [1, 1, 1, 1]]);
  equal(takers.take("e1"), null);
});

Deno.test("Shares lets several together keep out nobody, however often they ask", () => {
  const takers = new Takers(12);
  takers.take("c1");
  for (let round = 0; round < 50; round++) {
    takers.take(`a${round}`);
    takers.take(`b${round}`);
  }
  takers.take("c2");
  takers.take("d1");
  for (let round = 50; round < 100; round++) {
    takers.take(`a${round}`);
    takers.take(`b${round}`);
  }
  equal(takers.gone.some((place) => place.startsWith("c") || place.startsWith("d")), false);
  deepEqual(takers.count("cd"), [2, 1]);
});

Deno.test("Shares takes a place back once, also after it has gone to another", () => {
  const takers = new Takers(2);
  const [first, second] = [takers.take("a1"), takers.take("a2")];
  takers.take("b1");
  second?.();
  deepEqual([takers.gone, takers.count("ab")], [["a2"], [1, 1]]);
  first?.();
  first?.();
  deepEqual(takers.count("ab"), [0, 1]);
  takers.take("b2");
  deepEqual([takers.take("b3"), takers.gone.length], [null, 1]);
});

Deno.test("Shares gives nobody more than one may have, whatever is left", () => {
  const takers = new Takers(10, 3);
  const [first] = ["a1", "a2", "a3"].map((place) => takers.take(place));
  equal(takers.take("a4"), null);
  takers.take("b1");
  first?.();
  takers.take("a4");
  deepEqual([takers.count("ab"), takers.take("a5"), takers.gone], [[3, 1], null, []]);
});
