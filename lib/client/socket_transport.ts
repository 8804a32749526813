import type { Transport, TransportRequest } from "./transport.ts";

/** HTTP over a daemon's Unix socket, where there is no certificate to look at. */
export class SocketTransport implements Transport {
  readonly #client: Deno.HttpClient;

  /** Connects when there is something to send. */
  constructor(path: string) {
    this.#client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  }

  /** See {@linkcode Transport.send}. */
  async send({ method, path, headers, body, signal }: TransportRequest): Promise<Response> {
    return await fetch(`http://localhost${path}`, {
      client: this.#client,
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Closes all connections. */
  [Symbol.dispose](): void {
    this.#client.close();
  }
}
