import { join } from "node:path";

/** A server of OpenSSL that shows the `server` certificate of a folder, and asks for a client's. */
export class OpensslServer implements AsyncDisposable {
  /** HOST:PORT. */
  address = "";
  readonly #process: Deno.ChildProcess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #reading: Promise<unknown>;

  private constructor(certs: string, args: readonly string[]) {
    const file = (name: string) => join(certs, name);
    this.#process = new Deno.Command("openssl", {
      args: [
        ...["s_server", "-accept", "127.0.0.1:0", "-www", "-tls1_3", "-Verify", "1", "-verify_return_error"],
        ...["-cert", file("server.pem"), "-key", file("server-key.pem"), ...args],
      ],
      ...{ stdin: "null", stdout: "piped", stderr: "null" },
    }).spawn();
    this.#reading = this.#read().finally(() => this.#ready.reject(new Error("openssl s_server did not start")));
    this.#ready.promise.catch(() => {});
  }

  /** Starts one; `args` say what it accepts. */
  static async start(certs: string, ...args: readonly string[]): Promise<OpensslServer> {
    const server = new OpensslServer(certs, args);
    await server.#ready.promise;
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#reading;
  }

  async #read(): Promise<void> {
    let text = "";
    for await (const part of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      this.address ||= /ACCEPT (\S+)/.exec(text)?.[1] ?? "";
      if (this.address !== "") this.#ready.resolve();
    }
  }
}
