import { deepEqual, ok } from "../../support/assert.ts";
import { FairTurns } from "../../../lib/server/transport/fair_turns.ts";
import { RawConnection } from "./raw.ts";
import { TestListener } from "./listener.ts";

Deno.test("FairTurns gives one turn to each name, in the order in which they came", async () => {
  const turns = new FairTurns();
  const order: string[] = [];
  const ask = (label: string) => turns.next(label.slice(0, 1)).then(() => order.push(label));
  const asked = ["a1", "a2", "a3", "b1", "b2", "a4"].map(ask);
  await asked[3];
  deepEqual(order, ["a1", "a2", "b1"]);
  const late = ask("c1");
  await Promise.all([...asked, late]);
  await turns.over;
  deepEqual(order, ["a1", "a2", "b1", "a3", "b2", "c1", "a4"]);
});

Deno.test("a client with many requests at once holds up another's by one of them", async () => {
  const order: string[] = [];
  await using test = await TestListener.start((_, { name }) => {
    order.push(name);
    // Work for the only thread that there is.
    for (const end = performance.now() + 10; performance.now() < end;);
    return Promise.resolve(new Response("ok"));
  });
  await using bob = await RawConnection.open(test, { certificate: "client-bob" });
  await using stack = new AsyncDisposableStack();
  const alices: RawConnection[] = [];
  while (alices.length < 40) alices.push(stack.use(await RawConnection.open(test)));
  // Bob's comes last.
  await Promise.all([...alices, bob].map((connection) => connection.request("GET /")));
  await bob.said("ok");
  const before = order.indexOf("bob");
  await Promise.all(alices.map((connection) => connection.said("ok")));
  ok(before >= 0 && before < 20, order.join());
});
