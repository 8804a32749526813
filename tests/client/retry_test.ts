import { deepEqual, equal, rejects } from "../support/assert.ts";
import { ConnectionFailure, Failure, ProblemFailure, UnansweredFailure } from "../../lib/client/failure.ts";
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

const unanswered = () => new UnansweredFailure("It closed the connection");
const full = () => new ProblemFailure({ type: "about:blank", title: "Too many followers", status: 429 });

Deno.test("ridingThrough: closed without an answer again and again → ends", async () => {
  let attempts = 0;
  const attempt = () => Promise.reject((attempts++, unanswered()));
  await rejects(ridingThrough(attempt, () => {}, never, true), UnansweredFailure);
  equal(attempts, 5);
});

Deno.test("ridingThrough: closed without an answer and away in turns → goes on", async () => {
  const attempt = failing(unanswered(), away(), unanswered(), away(), unanswered(), away());
  equal(await ridingThrough(attempt, () => {}, never, true), "done");
});

Deno.test("ridingThrough: too many followers → ends, but not after a lost connection", async () => {
  await rejects(ridingThrough(failing(full()), () => {}, never, true), ProblemFailure);
  equal(await ridingThrough(failing(away(), full()), () => {}, never, true), "done");
});

Deno.test("ridingThrough: one loss of many → is told once, and the next one again", async () => {
  const notices: string[] = [];
  const tell = ({ message }: Error) => void notices.push(message);
  for (const times of [1, 2]) {
    await Promise.all([1, 2, 3].map(() => ridingThrough(failing(away(), away()), tell, never, true)));
    equal(notices.length, times);
  }
});

Deno.test("ridingThrough: closed unanswered again and again → says what that means", async () => {
  const attempt = () => Promise.reject(new UnansweredFailure("It closed", { refusal: "It refused us" }));
  const notices: string[] = [];
  const riding = ridingThrough(attempt, ({ message }) => notices.push(message), never, true);
  await rejects(riding, { name: "UnansweredFailure", message: "It refused us" });
  deepEqual(notices, ["It closed"]);
});
