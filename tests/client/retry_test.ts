import { deepEqual, equal, rejects } from "../support/assert.ts";
import { ConnectionFailure, Failure, ProblemFailure } from "../../lib/client/failure.ts";
import { ridingThrough } from "../../lib/client/retry.ts";

const never = new AbortController().signal;
const away = () => new ConnectionFailure("Cannot reach the server");
const unavailable = () => new ProblemFailure({ type: "about:blank", title: "Ending", status: 503 });

/** Fails with these errors, one after the other, then succeeds. */
function failing(...errors: Error[]) {
  return () => {
    const error = errors.shift();
    return error === undefined ? Promise.resolve("done") : Promise.reject(error);
  };
}

Deno.test("ridingThrough takes a first failure as it is", async () => {
  await rejects(ridingThrough(failing(away()), () => {}, never), ConnectionFailure);
});

Deno.test("ridingThrough tries again what has worked before, and tells it once", async () => {
  const notices: string[] = [];
  const attempt = failing(away(), away(), unavailable());
  equal(await ridingThrough(attempt, ({ message }) => notices.push(message), never, true), "done");
  deepEqual(notices, ["Cannot reach the server"]);
});

Deno.test("ridingThrough tries again after progress, and tells of every loss", async () => {
  const notices: string[] = [];
  let attempts = 0;
  const attempt = (progress: () => void) => {
    progress();
    return ++attempts < 3 ? Promise.reject(away()) : Promise.resolve("done");
  };
  equal(await ridingThrough(attempt, ({ message }) => notices.push(message), never), "done");
  equal(notices.length, 2);
});

Deno.test("ridingThrough does not repeat what stays wrong", async () => {
  const refused = new ProblemFailure({ type: "about:blank", title: "No", status: 404 });
  for (const error of [refused, new Failure("Broken"), new Deno.errors.BrokenPipe("Nobody reads")]) {
    await rejects(ridingThrough(failing(error), () => {}, never, true), error);
  }
});

Deno.test("ridingThrough ends on its signal, also between two tries", async () => {
  const aborted = new AbortController();
  const attempt = () => Promise.reject(away());
  await rejects(ridingThrough(attempt, () => aborted.abort(), aborted.signal, true), { name: "AbortError" });
  await rejects(ridingThrough(attempt, () => {}, aborted.signal, true), ConnectionFailure);
});
