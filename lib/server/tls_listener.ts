import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { identify, IdentityError } from "../pki/identity.ts";
import type { Answer } from "./app.ts";
import { Connections } from "./connections.ts";
import type { Caller } from "./context.ts";
import { keepAccepting } from "./keep_accepting.ts";
import { prepareListeningSockets } from "./listening_sockets.ts";
import { logger } from "./logger.ts";
import { TIMEOUTS, type Timeouts } from "./timeouts.ts";
import { LOCAL_NAME } from "./unix_listener.ts";

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
  readonly answer: Answer;
  /** Open at once; more are closed as they come. */
  readonly maxConnections: number;
  readonly timeouts?: Timeouts;
}

/** The one road in from the network: mutual TLS 1.3, an identity out of the certificate, then HTTP on the same socket. */
export class TlsListener implements AsyncDisposable {
  readonly #server: Server;
  readonly #connections: Connections;
  #accepting: Disposable | undefined;
  /** All below the TLS, also those that never come to the end of their handshake. */
  readonly #sockets = new Set<Socket>();

  private constructor({ credentials, answer, maxConnections, timeouts = TIMEOUTS }: TlsListenerOptions) {
    this.#connections = new Connections(answer, timeouts);
    this.#server = createServer({
      ...this.#connections.options,
      ca: credentials.ca,
      cert: credentials.certificate,
      key: credentials.key,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.3",
      handshakeTimeout: timeouts.handshake,
      noDelay: true,
    }, this.#connections.listener);
    this.#server.maxConnections = maxConnections;
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.prependListener("secureConnection", (socket: TLSSocket) => this.#accept(socket));
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
    listener.#accepting = keepAccepting(listener.#server);
    prepareListeningSockets((options.timeouts ?? TIMEOUTS).dead);
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
    this.#accepting?.[Symbol.dispose]();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await this.#connections.shutdown();
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }

  /** Runs in the handshake's callback and does not wait: after an await a peer that has gone has no certificate any more. */
  #accept(socket: TLSSocket): void {
    try {
      this.#connections.admit(socket, callerOf(socket));
    } catch (error) {
      logger.warn("Refused a certificate: {reason}", {
        reason: error instanceof Error ? error.message : String(error),
      });
      socket.destroy();
    }
  }
}

function callerOf(socket: TLSSocket): Caller {
  const caller = identify(socket.getPeerCertificate().raw);
  if (caller.name === LOCAL_NAME) throw new IdentityError(`The name "${LOCAL_NAME}" is kept for the Unix socket`);
  return caller;
}
