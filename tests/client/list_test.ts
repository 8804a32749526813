import { deepEqual, equal, match } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";

Deno.test("list shows jobs", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "bob");
  const lines = async (...args: string[]) => {
    const { code, stdout, stderr } = await teleworker(daemon, args);
    deepEqual({ code, stderr }, { code: 0, stderr: "" });
    return stdout.trimEnd().split("\n");
  };

  await t.step("as a head and no more when there are none", async () => {
    deepEqual(await lines("list"), ["ID  NAME  OWNER  STATE  RAN FOR  COMMAND"]);
    deepEqual(await lines("list", "--output", "json"), [""]);
  });

  const ended = await alice.start({ command: "sh", args: ["-c", "exit 3"], name: "ended" });
  await alice.wait(ended.id);
  const running = await alice.start({ command: "sleep", args: ["1000"] });
  const others = await bob.start({ command: "sleep", args: ["1000"], name: "others" });

  await t.step("the running ones, under each of its names", async () => {
    for (const verb of ["list", "ls", "ps"]) {
      const [head, line, ...rest] = await lines(verb);
      match(head ?? "", /^ID +NAME +OWNER +STATE +RAN FOR +COMMAND$/);
      match(line ?? "", new RegExp(`^${running.id}  - +alice +running +<?[\\d.]+m?s +sleep 1000$`));
      deepEqual(rest, []);
    }
  });

  await t.step("all of them with --all, newest first", async () => {
    for (const flag of ["--all", "-a"]) {
      const [, first, second, ...rest] = await lines("list", flag);
      match(first ?? "", new RegExp(`^${running.id} `));
      match(second ?? "", new RegExp(`^${ended.id}  ended +alice +exited 3 +<?[\\d.]+m?s +sh -c 'exit 3'$`));
      deepEqual(rest, []);
    }
  });

  await t.step("everyone's to who may look at them", async () => {
    for (const identity of ["root", "eve"]) {
      const { stdout } = await teleworker(daemon, ["list"], { identity });
      deepEqual(stdout.match(/^[0-9a-f-]{36}/gm), [others.id, running.id], identity);
    }
  });

  await t.step("as the API's objects with --output json, one a line", async () => {
    const shown = (await lines("list", "--all", "--output", "json")).map((line) => JSON.parse(line));
    deepEqual(shown.map(({ id }) => id), [running.id, ended.id]);
    deepEqual(shown[1], await (await alice.send("GET", `/v1/jobs/${ended.id}`)).json());
  });

  await t.step("each on a line of its own, whatever its words are", async () => {
    const hostile = "a\nforged line\r\x1b[2J\x1b]0;title\x07\u202e\u0085";
    const { id } = await alice.start({ command: "echo", args: [hostile] });
    await alice.wait(id);
    const [, first, ...rest] = await lines("list", "--all");
    match(first ?? "", new RegExp(`^${id} .* echo 'a\\\\nforged line\\\\u000d\\\\u001b`));
    equal(rest.length, 2);
    const [json = ""] = await lines("list", "--all", "--output", "json");
    deepEqual(JSON.parse(json).args, [hostile]);
  });

  await t.step("with a long command cut short", async () => {
    const { id } = await alice.start({ command: "true", args: ["x".repeat(1000)] });
    await alice.wait(id);
    const [, first] = await lines("list", "--all");
    match(first ?? "", / {2}true x{42}…$/);
  });

  await t.step("with no character cut in half, and the columns of wide ones in line", async () => {
    const words = [
      "x".repeat(40) + "🙂x",
      "x".repeat(40) + "🙂xx",
      "漢".repeat(40),
      "a\u{e0041}\u200b\u200d\u00ad\u2028b",
    ];
    for (const word of words) await alice.wait((await alice.start({ command: "true", args: [word] })).id);
    const shown = (await lines("list", "--all")).slice(1, 1 + words.length).map((line) => line.replace(/^.* {2}/, ""));
    deepEqual(shown, [
      "true 'a\\u{e0041}\\u200b\\u200d\\u00ad\\u2028b'",
      `true '${"漢".repeat(20)}…`,
      `true '${"x".repeat(40)}…`,
      `true '${"x".repeat(40)}…`,
    ]);
  });
});
