import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { takeNotify } from "../../lib/server/notify.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { makeCertificates } from "../support/certificates.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { teleworker } from "../support/teleworker.ts";
import { teleworkerd } from "./teleworkerd.ts";

/** Binds the socket, says so, and prints each datagram with its end marked; perl, for Deno has no stable call for that. */
const MANAGER = `
  use Socket; $| = 1;
  socket my $s, AF_UNIX, SOCK_DGRAM, 0 or die $!;
  my $name = $ARGV[0] =~ s/^@/\\0/r;
  bind $s, pack("S a*", AF_UNIX, $name) or die $!;
  print "bound\\n";
  my $m; print "$m<end>\\n" while defined recv $s, $m, 4096, 0;
`;

/** What a service manager hears on a socket. */
class Manager implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #heard = "";

  private constructor(socket: string) {
    this.#process = new Deno.Command("perl", { args: ["-e", MANAGER, socket], stdin: "null", stdout: "piped" }).spawn();
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async listen(socket: string): Promise<Manager> {
    const manager = new Manager(socket);
    await manager.#until("bound\n");
    return manager;
  }

  /** The next datagram. */
  async next(): Promise<string> {
    return (await this.#until("<end>\n")).replace(/<end>\n$/, "");
  }

  async #until(mark: string): Promise<string> {
    while (!this.#heard.includes(mark)) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`It ended before it heard ${JSON.stringify(mark)}`);
      this.#heard += value;
    }
    const end = this.#heard.indexOf(mark) + mark.length;
    const part = this.#heard.slice(0, end);
    this.#heard = this.#heard.slice(end);
    return part;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.status;
    await this.#reader.cancel();
  }
}

for (const kind of ["path", "abstract name"]) {
  Deno.test(`takeNotify tells a service manager on a socket by its ${kind}, and takes the variable away`, async () => {
    await using folder = await TemporaryFolder.create();
    const socket = kind === "path" ? join(folder.path, "notify") : `@teleworker-${crypto.randomUUID()}`;
    await using manager = await Manager.listen(socket);
    Deno.env.set("NOTIFY_SOCKET", socket);
    const notify = takeNotify();
    equal(Deno.env.get("NOTIFY_SOCKET"), undefined);
    notify("READY=1\nSTATUS=Ready");
    equal(await manager.next(), "READY=1\nSTATUS=Ready");
    notify("STOPPING=1");
    equal(await manager.next(), "STOPPING=1");
  });
}

Deno.test("takeNotify does nothing where nobody wants to be told", () => {
  Deno.env.delete("NOTIFY_SOCKET");
  takeNotify()("READY=1");
});

Deno.test("the daemon says when it is ready and when it ends, and hands the socket to no job", async () => {
  await using folder = await TemporaryFolder.create();
  const socket = join(folder.path, "notify");
  await using manager = await Manager.listen(socket);
  await using daemon = await Daemon.start({ env: { NOTIFY_SOCKET: socket } });
  deepEqual(await manager.next(), `READY=1\nSTATUS=Listening on https://${daemon.address}`);
  const { stdout } = await teleworker(daemon, ["run", "--", "env"]);
  match(stdout, /^PATH=/m);
  equal(stdout.includes("NOTIFY_SOCKET"), false);
  await daemon.end();
  equal(await manager.next(), "STOPPING=1");
});

Deno.test("the daemon works where its service manager cannot be told, and says so in its log", async () => {
  await using folder = await TemporaryFolder.create();
  const certs = join(folder.path, "certs");
  await makeCertificates(certs);
  // Not the one that a daemon of this host may have.
  const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  await using stack = new AsyncDisposableStack();
  stack.defer(() => removeCgroups(cgroupRoot));
  const state = ["--state-dir", join(folder.path, "state"), "--cgroup-root", cgroupRoot];
  for (const socket of [join(folder.path, "nobody"), "@nobody", "vsock:2:1", `/${"x".repeat(200)}`]) {
    const args = ["--listen", "127.0.0.1:0", "--certs", certs, ...state];
    const { code, stdout, stderr } = await teleworkerd(args, { NOTIFY_SOCKET: socket });
    equal(code, 0, stderr);
    match(stdout, /^teleworkerd listening/);
    match(stderr, /Cannot tell the service manager \\?"READY=1/);
  }
});
