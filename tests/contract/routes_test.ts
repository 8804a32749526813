import { equal } from "../support/assert.ts";
import { idSchema, ROUTES } from "../../lib/contract/mod.ts";

Deno.test("ROUTES are all different calls, versioned but for the health of the server", () => {
  const calls = Object.values(ROUTES).map(({ method, path }) => `${method} ${path}`);
  equal(new Set(calls).size, calls.length);
  for (const [name, { path }] of Object.entries(ROUTES)) {
    equal(path.startsWith("/v1/"), name !== "health", name);
  }
});

Deno.test("idSchema takes ids and nothing that could lead out of a folder", () => {
  const id = crypto.randomUUID();
  equal(idSchema.safeParse(id).success, true);
  for (
    const other of [
      "",
      "..",
      "../../etc",
      `${id}/..`,
      `../${id}`,
      `${id}\n`,
      ` ${id}`,
      id.slice(1),
      `${id}0`,
      `{${id}}`,
    ]
  ) {
    equal(idSchema.safeParse(other).success, false, Deno.inspect(other));
  }
});
