import { join } from "node:path";
import { type Job, jobSchema, type StartRequest } from "../../lib/contract/mod.ts";
import type { Daemon } from "./daemon.ts";

/** One identity's HTTP over mutual TLS to a daemon. */
export class Https implements Disposable {
  readonly #client: Deno.HttpClient;
  readonly #address: string;

  private constructor(address: string, client: Deno.HttpClient) {
    this.#address = address;
    this.#client = client;
  }

  /** Opens it with the certificate of `name`. */
  static async as(daemon: Pick<Daemon, "address" | "certs">, name: string): Promise<Https> {
    const read = (file: string) => Deno.readTextFile(join(daemon.certs, file));
    const client = Deno.createHttpClient({
      caCerts: [await read("ca.pem")],
      cert: await read(`client-${name}.pem`),
      key: await read(`client-${name}-key.pem`),
    });
    return new Https(daemon.address, client);
  }

  /** Sends a request; an object as body goes as JSON. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(`https://${this.#address}${path}`, {
      method,
      client: this.#client,
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  }

  /** The status of the answer to a GET, whose body is not wanted. */
  async status(path: string): Promise<number> {
    const { status, body } = await this.send("GET", path);
    await body?.cancel();
    return status;
  }

  /** Starts a job; it must succeed. */
  async start(request: StartRequest): Promise<Job> {
    return await this.job(await this.send("POST", "/v1/jobs", request));
  }

  /** The job once it has ended. */
  async wait(id: string): Promise<Job> {
    return await this.job(await this.send("GET", `/v1/jobs/${id}?wait=true`));
  }

  /** The job in an answer that must be good. */
  async job(response: Response): Promise<Job> {
    if (!response.ok) throw new Error(`The server answered ${response.status}: ${await response.text()}`);
    return jobSchema.parse(await response.json());
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
