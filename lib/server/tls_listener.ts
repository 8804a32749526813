import { logger } from "./logger.ts";
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { identify, IdentityError } from "../pki/identity.ts";
import type { Answer } from "./app.ts";
import { Connection } from "./connection.ts";
import { LOCAL_NAME } from "./unix_listener.ts";

/** Milliseconds for a TLS handshake. */
const HANDSHAKE_TIMEOUT = 10_000;
/** Milliseconds that requests under way get when the server ends. */
const SHUTDOWN_TIMEOUT = 5_000;

/** Certificates in PEM. */
export interface Credentials {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** How to listen. */
export interface TlsListenerOptions {
  readonly hostname: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly credentials: Credentials;
  /** A private folder for sockets, on a short path. */
  readonly folder: string;
  readonly answer: Answer;
  /** Open at once; more are closed as they come, for a listener that runs out of descriptors takes none any more. */
  readonly maxConnections: number;
}

/** The one road in from the network: mutual TLS 1.3, an identity out of the certificate, a server of its own per connection. */
export class TlsListener implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: TlsListenerOptions;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Set<Connection>();

  private constructor(options: TlsListenerOptions) {
    this.#options = options;
    const { ca, certificate, key } = options.credentials;
    this.#server = createServer(
      {
        ca,
        cert: certificate,
        key,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: "TLSv1.3",
        handshakeTimeout: HANDSHAKE_TIMEOUT,
        noDelay: true,
      },
      (socket) => this.#accept(socket),
    );
    // Also those that never come to the end of their handshake must be closed in the end.
    this.#server.on("connection", (socket: Socket) => {
      if (this.#sockets.size >= options.maxConnections) return void socket.destroy();
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("error", (error) => logger.error("Cannot listen: {error}", { error }));
    this.#server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
      logger.info("Refused a connection: {reason}", { reason: error.message });
      socket.destroy();
    });
  }

  /** Begins to listen. */
  static async listen(options: TlsListenerOptions): Promise<TlsListener> {
    const listener = new TlsListener(options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    listener.#server.once("error", reject);
    listener.#server.listen(options.port, options.hostname, resolve);
    await promise;
    return listener;
  }

  /** The port in use. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The TLS listener has no address");
    return address.port;
  }

  /** Takes no new connections, lets requests under way finish for a few seconds, closes all. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    const timer = setTimeout(() => this.#destroyAll(), SHUTDOWN_TIMEOUT);
    await Promise.all([...this.#connections].map((connection) => connection.shutdown()));
    clearTimeout(timer);
    this.#destroyAll();
    await Promise.all([...this.#connections].map((connection) => connection.closed));
    await promise;
  }

  #destroyAll(): void {
    for (const connection of this.#connections) connection.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Runs in the handshake's callback and does not wait: after an await a peer that has gone has no certificate any more. */
  #accept(socket: TLSSocket): void {
    socket.on("error", () => socket.destroy());
    try {
      const certificate = socket.getPeerCertificate();
      const caller = identify(certificate.raw);
      if (caller.name === LOCAL_NAME) throw new IdentityError(`The name "${LOCAL_NAME}" is kept for the Unix socket`);
      const connection = new Connection(socket, caller, this.#options.folder, this.#options.answer);
      this.#connections.add(connection);
      connection.closed.then(() => this.#connections.delete(connection));
    } catch (error) {
      logger.warn("Refused a certificate: {reason}", {
        reason: error instanceof Error ? error.message : String(error),
      });
      socket.destroy();
    }
  }
}
