import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { closedPort } from "./closed_port.ts";
import { atHome } from "./home.ts";
import { makeCertificates } from "../support/certificates.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { type ClientOptions, teleworker } from "../support/teleworker.ts";

const NOWHERE = { address: "127.0.0.1:1", certs: "/nowhere" };

/** What is offered for the last of these words, each without its description. */
async function offered(
  words: readonly string[],
  daemon: Pick<Daemon, "address" | "certs"> = NOWHERE,
  options: ClientOptions = {},
): Promise<string[]> {
  const { code, stdout, stderr } = await teleworker(daemon, ["completion", "bash", "--", ...words], options);
  deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout.split("\n").slice(0, -1).map((line) => line.startsWith("\t") ? line : line.split("\t")[0] ?? "");
}

Deno.test("completion offers what may follow", async (t) => {
  const verbs = "start run status list logs stop remove wait stats certs help completion".split(" ");
  const connection = ["--host", "--socket", "--certs", "--identity", "--output"];
  const cases: readonly (readonly [words: string[], offered: string[]])[] = [
    [[""], verbs],
    [["st"], ["start", "status", "stop", "stats"]],
    [["--host", "build:8443", "--output=json", "re"], ["remove"]],
    [["-"], ["--licenses", ...connection, "--help", "--version"]],
    [["wait", "--"], [...connection, "--help"]],
    [["ls", "-"], ["-a", "--all", ...connection, "--help"]],
    [["logs", "-f", "--st"], ["--stdout", "--stderr"]],
    [["list", "--output", ""], ["table", "json"]],
    [["list", "--output=t"], ["--output=table"]],
    [["--output", ""], ["table", "json"]],
    [["stop", "-s", "TER"], ["TERM"]],
    [["stop", "--signal=SIGKI"], ["--signal=SIGKILL"]],
    [["certs", ""], ["init", "server", "client", "request", "list", "show", "renew", "revoke"]],
    [["certs", "request", ""], ["server", "client"]],
    [["certs", "client", "me", "--role", ""], ["admin", "user"]],
    [["certs", "init", "--key-type", "e"], ["ec-p256", "ed25519"]],
    [["certs", "show", ""], ["\tfile"]],
    [["certs", "client", "--csr=/tmp/"], ["\tfile"]],
    [["list", "--certs", ""], ["\tdirectory"]],
    [["--socket", ""], ["\tfile"]],
    [["help", "certs", "re"], ["request", "renew", "revoke"]],
    [["help", "stop", "--"], []],
    [["completion", ""], ["bash", "zsh", "fish"]],
    // What is on the host is not known here, and neither are other programs' flags.
    [["run", "--cwd", ""], []],
    [["start", "--", ""], []],
    [["start", "--", "ls", "-"], []],
    [["start", "--timeout", ""], []],
    // After a mistake there is nothing to go on with.
    [["strat", ""], []],
    [["certs", "inti", ""], []],
    [["list", "x", ""], []],
  ];
  for (const [words, expected] of cases) {
    await t.step(words.map((word) => word || '""').join(" "), async () => deepEqual(await offered(words), expected));
  }
});

Deno.test("completion says what verbs and flags are for", async () => {
  const { stdout } = await teleworker(NOWHERE, ["completion", "zsh", "--", "logs", "--f"]);
  match(stdout, /^--follow\tGo on until the job has ended/);
});

Deno.test("completion takes words of bash as they are typed", async () => {
  deepEqual(await offered(["'certs'", '"client"', "m\\e", "--role", "'ad"]), ["admin"]);
  deepEqual(await offered(["--host", "$(false)", "sta"]), ["start", "status", "stats"]);
});

Deno.test("completion offers jobs", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "bob");
  const running = await alice.start({ command: "sleep", args: ["600"], name: "running" });
  const ended = await alice.start({ command: "true", name: "ended" });
  await alice.wait(ended.id);
  const nameless = await alice.start({ command: "sleep", args: ["600"] });
  const others = await bob.start({ command: "sleep", args: ["600"], name: "running" });
  const sorted = async (words: string[], options?: ClientOptions) => (await offered(words, daemon, options)).sort();

  await t.step("by name, where they have one", async () => {
    deepEqual(await sorted(["status", ""]), ["ended", "running", nameless.id].sort());
  });
  await t.step("by id too, as soon as some of it is typed", async () => {
    deepEqual(await sorted(["logs", running.id.slice(0, 20)]), [running.id]);
    deepEqual(await sorted(["logs", "run"]), ["running"]);
  });
  await t.step("that run, where others make no sense", async () => {
    deepEqual(await sorted(["stop", "en"]), []);
    deepEqual(await sorted(["stats", "run"]), ["running"]);
  });
  await t.step("by id where two have the same name", async () => {
    const root = { identity: "root" };
    deepEqual(await sorted(["stop", ""], root), [running.id, nameless.id, others.id].sort());
  });
  await t.step("after --", async () => deepEqual(await sorted(["status", "--", "end"]), ["ended"]));
  await t.step("of whom the flags name", async () => {
    const flags = ["--identity", "bob", `--host=${daemon.address}`, "--certs", daemon.certs];
    const elsewhere = { env: { TELEWORKER_HOST: closedPort(), TELEWORKER_CERTS: "/nowhere" } };
    deepEqual(await sorted([...flags, "status", ""], elsewhere), ["running"]);
    deepEqual(await sorted(["status", ...flags, ""], elsewhere), ["running"]);
  });
  await t.step("over the Unix socket", async () => {
    deepEqual(await sorted(["--socket", daemon.socket, "status", "end"]), ["ended"]);
  });
});

Deno.test("completion offers the clients of the folder of certificates", async () => {
  await using home = await TemporaryFolder.create();
  await makeCertificates(join(home.path, "my certs"));
  const env = atHome(home.path);
  deepEqual(await offered(["--certs", "~/my\\ certs", "--identity", ""], NOWHERE, { env }), [
    "alice",
    "bob",
    "eve",
    "root",
  ]);
  deepEqual(await offered(["certs", "renew", "--certs", "'" + home.path + "/my certs'", "al"]), ["alice"]);
});

Deno.test("completion offers nothing, and says nothing, when the server cannot be asked", async (t) => {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  const asked = async (address: string, certs = folder.path) => await offered(["stop", ""], { address, certs });

  await t.step("nobody listens", async () => deepEqual(await asked(closedPort()), []));
  await t.step("there are no certificates", async () => deepEqual(await asked(closedPort(), "/nowhere"), []));
  await t.step("the host is no host", async () => deepEqual(await asked("nothing"), []));
  await t.step("it takes the connection and stays silent", async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    deepEqual(await asked(`127.0.0.1:${listener.addr.port}`), []);
  });
  await t.step("it stops amid its answer", async () => {
    const path = join(folder.path, "socket");
    const cut = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"jobs":[')),
    });
    await using _server = Deno.serve({ path, onListen: () => {} }, () => new Response(cut));
    deepEqual(await offered(["--socket", path, "stop", ""]), []);
  });
});

Deno.test("completion of verbs, flags and values asks no server", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  const connected = listener.accept().then((connection) => connection.close(), () => "nobody came");
  const server = { address: `127.0.0.1:${listener.addr.port}`, certs: folder.path };
  for (const words of [["st"], ["stop", "--"], ["stop", "-s", ""], ["start", "--name", ""]]) {
    await offered(words, server);
  }
  listener.close();
  equal(await connected, "nobody came");
});
