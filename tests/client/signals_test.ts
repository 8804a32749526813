import { deepEqual, equal, ok } from "../support/assert.ts";
import { exitCodeOf } from "../../lib/client/exit_code.ts";
import { isSignal, signalName, signalNumber } from "../../lib/client/signals.ts";
import { signal } from "../../lib/client/values.ts";
import { aJob } from "../support/a_job.ts";

Deno.test("isSignal knows full names only", () => {
  for (const name of ["SIGTERM", "SIGKILL", "SIGUSR1", "SIGWINCH"]) ok(isSignal(name), name);
  for (const name of ["", "TERM", "sigterm", "SIG", "SIGNOPE", "15", "constructor", "__proto__"]) {
    ok(!isSignal(name), name);
  }
});

Deno.test("signalName and signalNumber agree with signal(7)", () => {
  const known = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGUSR1: 10, SIGPIPE: 13, SIGTERM: 15, SIGSTOP: 19 };
  for (const [name, number] of Object.entries(known)) {
    equal(signalNumber(name), number);
    equal(signalName(number), name);
  }
  equal(signalName(0), undefined);
  equal(signalName(4711), undefined);
  equal(signalNumber("SIG35"), 35, "a real-time signal, which has no name here");
  equal(signalNumber("SIGNOPE"), 0);
});

Deno.test("signal reads a name with or without SIG, in either case, and a number", () => {
  for (const text of ["TERM", "term", "SIGTERM", "SigTerm", "15"]) {
    deepEqual(signal().parse(text), { success: true, value: "SIGTERM" }, text);
  }
});

Deno.test("signal refuses what is none", () => {
  for (const text of ["", "FOO", "SIGSIGTERM", "0", "-9", "9.0", "4711", " TERM"]) {
    deepEqual(signal().parse(text), {
      success: false,
      error: [{ type: "value", value: text }, {
        type: "text",
        text: ": no such signal; it must be one such as TERM, KILL or 15",
      }],
    }, text);
  }
});

Deno.test("exitCodeOf stands for every way a job can end", () => {
  equal(exitCodeOf(aJob({ state: "exited", exitCode: 0 })), 0);
  equal(exitCodeOf(aJob({ state: "exited", exitCode: 255 })), 255);
  equal(exitCodeOf(aJob({ state: "signaled", signal: "SIGKILL" })), 137);
  equal(exitCodeOf(aJob({ state: "stopped", signal: "SIGTERM" })), 143);
  equal(exitCodeOf(aJob({ state: "stopped", exitCode: 3 })), 3);
  equal(exitCodeOf(aJob({ state: "failed", reason: "no such file" })), 125);
  equal(exitCodeOf(aJob({ state: "lost", reason: "the host was restarted" })), 125);
});
