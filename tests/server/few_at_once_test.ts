import { deepEqual, equal, rejects } from "../support/assert.ts";
import { FewAtOnce } from "../../lib/server/few_at_once.ts";
import { until } from "../support/until.ts";

/** A call that ends when it is told to, and says when it begins. */
function held(begun: string[], label: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { call: () => (begun.push(label), promise), end: () => resolve(label), fail: () => reject(new Error(label)) };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("FewAtOnce lets each name do so many things at once, the next in turn, and holds up no other name", async () => {
  const few = new FewAtOnce(2, { after: 60_000, most: 1 });
  const begun: string[] = [];
  const [a, b, c, d, other] = ["a", "b", "c", "d", "other"].map((label) => held(begun, label));
  const results = [a, b, c, d].map((one) => one === undefined ? undefined : few.run("alice", one.call));
  const others = few.run("bob", other?.call ?? (() => Promise.resolve("")));
  deepEqual(begun, ["a", "b", "other"]);
  b?.fail();
  await rejects(Promise.resolve(results[1]), /^Error: b$/);
  await settled();
  deepEqual(begun, ["a", "b", "other", "c"]);
  for (const one of [a, c, d, other]) one?.end();
  deepEqual(await Promise.all([results[0], results[2], results[3], others]), ["a", "c", "d", "other"]);
  equal(await few.run("alice", () => Promise.resolve("again")), "again");
});

Deno.test("FewAtOnce lets the next begin when one takes too long, and counts that one no more", async () => {
  const few = new FewAtOnce(1, { after: 1, most: 1 });
  const begun: string[] = [];
  const [hanging, next, other] = [held(begun, "hanging"), held(begun, "next"), held(begun, "other")];
  const first = few.run("alice", hanging.call);
  const second = few.run("alice", next.call);
  await until("the next has begun", () => begun.length === 2);
  hanging.end();
  next.end();
  deepEqual(await Promise.all([first, second]), ["hanging", "next"]);
  other.end();
  equal(await few.run("alice", other.call), "other");
});

Deno.test("FewAtOnce lets no more be late than may, until one of them is over", async () => {
  const few = new FewAtOnce(1, { after: 1, most: 2 });
  const begun: string[] = [];
  const things = ["a", "b", "c", "d"].map((label) => held(begun, label));
  const all = things.map(({ call }) => few.run("alice", call));
  await until("three have begun", () => begun.length === 3);
  await new Promise((resolve) => setTimeout(resolve, 50));
  deepEqual(begun, ["a", "b", "c"]);
  things[2]?.end();
  await until("the last has begun", () => begun.length === 4);
  for (const { end } of things) end();
  deepEqual(await Promise.all(all), ["a", "b", "c", "d"]);
});

Deno.test("FewAtOnce gives the place of a late one that is over to one that has been late for long", async () => {
  const few = new FewAtOnce(1, { after: 1, most: 1 });
  const begun: string[] = [];
  const things = ["late", "later", "next"].map((label) => held(begun, label));
  const all = things.map(({ call }) => few.run("alice", call));
  await until("two have begun", () => begun.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 50));
  things[0]?.end();
  await until("the next has begun", () => begun.length === 3);
  for (const { end } of things) end();
  deepEqual(await Promise.all(all), ["late", "later", "next"]);
  // Who is over is late no more, whatever it was.
  const again = ["late", "over", "hanging", "next"].map((label) => held(begun, label));
  const others = again.map(({ call }) => few.run("alice", call));
  await until("two more have begun", () => begun.length === 5);
  await new Promise((resolve) => setTimeout(resolve, 50));
  again[1]?.end();
  await until("the third has begun", () => begun.length === 6);
  await new Promise((resolve) => setTimeout(resolve, 50));
  deepEqual(begun.slice(3), ["late", "over", "hanging"]);
  again[0]?.end();
  await until("the last has begun", () => begun.length === 7);
  for (const { end } of again) end();
  deepEqual(await Promise.all(others), ["late", "over", "hanging", "next"]);
});

Deno.test("FewAtOnce forgets what waits for nobody any more, and does not begin it", async () => {
  const few = new FewAtOnce(1);
  const begun: string[] = [];
  const [first, second, third] = [held(begun, "first"), held(begun, "second"), held(begun, "third")];
  const gone = new AbortController();
  const run = (thing: typeof first) => few.run("alice", thing.call, gone.signal);
  const results = [run(first), run(second), few.run("alice", third.call)];
  gone.abort(new Error("it has gone"));
  await rejects(Promise.resolve(results[1]), /^Error: it has gone$/);
  await rejects(run(second), /^Error: it has gone$/);
  first.end();
  third.end();
  deepEqual([await results[0], await results[2]], ["first", "third"]);
  deepEqual(begun, ["first", "third"]);
});
