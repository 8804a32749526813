import { createServer, type Server } from "node:https";
import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { DAEMON_NAME, LOCAL_NAME } from "../../pki/client_name.ts";
import { identify, IdentityError } from "../../pki/identity.ts";
import { type Authorities, RevokedError } from "../../pki/authorities.ts";
import type { Answer } from "../app.ts";
import { type ArrivalLimits, Arrivals } from "./arrivals.ts";
import type { Audit } from "../log/audit.ts";
import { Connections } from "./connections.ts";
import type { Caller } from "../context.ts";
import type { Credentials } from "../credentials/credentials.ts";
import { keepAccepting } from "./keep_accepting.ts";
import { prepareListeningSockets } from "./listening_sockets.ts";
import { listenError } from "./listen_error.ts";
import { logger } from "../log/logger.ts";
import { ProblemError } from "../problem.ts";
import { Refusals } from "./refusals.ts";
import { Shares } from "../shares.ts";
import { TIMEOUTS, type Timeouts } from "./timeouts.ts";

/** Milliseconds between two looks at the clock, which may be set while we wait; timers end at 24 days. */
const LONGEST_WAIT = 3_600_000;

/** How to listen. */
export interface TlsListenerOptions extends ArrivalLimits {
  readonly hostname: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Of one client. */
  readonly maxConnectionsOfOne: number;
  readonly credentials: Credentials;
  readonly answer: Answer;
  readonly audit: Audit;
  readonly timeouts?: Timeouts;
}

/** The one road in from the network: mutual TLS 1.3, an identity out of the certificate, then HTTP on the same socket. */
export class TlsListener implements AsyncDisposable {
  readonly #server: Server;
  readonly #connections: Connections;
  #accepting: Disposable | undefined;
  readonly #arrivals: Arrivals;
  /** Those that were let in, each with its certificate in DER. */
  readonly #peers = new Map<TLSSocket, { readonly caller: Caller; readonly certificate: Uint8Array }>();
  /** Of the connections whose client is known. What is left of all is for handshakes, so that one more client can come. */
  readonly #shares: Shares;
  readonly #refusals = new Refusals();
  readonly #audit: Audit;
  #authorities: Authorities;

  private constructor(options: TlsListenerOptions) {
    const { credentials, answer, audit, timeouts = TIMEOUTS } = options;
    this.#audit = audit;
    this.#authorities = credentials.authorities;
    this.#arrivals = new Arrivals(options);
    this.#shares = new Shares(options.maxConnections - options.maxHandshakes, options.maxConnectionsOfOne);
    this.#connections = new Connections({ answer, audit, timeouts });
    this.#server = createServer({
      ...this.#connections.options,
      ...contextOf(credentials),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: timeouts.handshake,
      noDelay: true,
    }, this.#connections.listener);
    this.#connections.refuseOn(this.#server);
    this.#server.on("connection", (socket: Socket) => this.#arrivals.begin(socket));
    this.#server.prependListener("secureConnection", (socket: TLSSocket) => this.#accept(socket));
    this.#server.on("secureConnection", (socket: TLSSocket) => this.#refusals.tell(socket));
    this.#server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
      const below = socketBelow(socket);
      const reason = this.#arrivals.reasonOf(below) ?? reasonOfHandshake(error, socket);
      const recorded = this.#audit.record({
        event: "handshake",
        allowed: false,
        reason,
        who: { peer: addressOf(below) },
      });
      if (recorded) logger.info("Refused a connection: {reason}", { reason });
      socket.destroy();
    });
  }

  /** Begins to listen. */
  static async listen(options: TlsListenerOptions): Promise<TlsListener> {
    const listener = new TlsListener(options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    listener.#server.once("error", reject);
    listener.#server.listen(options.port, options.hostname, resolve);
    await promise.catch((error) => {
      throw listenError(options, error);
    });
    listener.#server.on("error", (error) => logger.error("Cannot go on listening: {error}", { error }));
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

  /** Lets in by these from now on, and closes what is open by a certificate that is not good any more. */
  renew(credentials: Credentials): void {
    this.#authorities = credentials.authorities;
    // Half a millisecond each, of which a client with many connections is to cost one.
    const problems = new Map<string, string | null>();
    for (const [socket, { caller, certificate }] of this.#peers) {
      const key = certificate.toBase64();
      if (!problems.has(key)) problems.set(key, this.#problemOf(certificate));
      const reason = problems.get(key) ?? null;
      if (reason === null) continue;
      this.#close(socket, caller, reason);
    }
    // Last, for it throws where the TLS library does not take them; what was revoked is so all the same.
    this.#server.setSecureContext(contextOf(credentials));
  }

  /** Takes no new connections, lets requests under way finish for a few seconds, closes all. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#accepting?.[Symbol.dispose]();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await this.#connections.shutdown();
    this.#arrivals.closeAll();
    this.#refusals[Symbol.dispose]();
    await promise;
  }

  /** Takes a place for the connection, until it is closed. */
  #takePlace(socket: TLSSocket, caller: Caller): void {
    const { name, serial } = caller;
    const { most, mostOfOne } = this.#shares;
    const leave = this.#shares.take(name, () => {
      this.#close(socket, caller, `One more client came, and of ${most} connections this one had the most`);
    });
    if (leave !== null) return void socket.once("close", leave);
    const certificate = { subject: name, serial: serial ?? "" };
    const own = this.#shares.of(name);
    const reason = own >= mostOfOne
      ? `There were ${own} connections of "${name}"`
      : `There were ${most} connections, ${own} of them of "${name}"`;
    throw new PlaceError(reason, { certificate });
  }

  #close(socket: TLSSocket, caller: Caller, reason: string): void {
    logger.warn("Closed a connection of {name}: {reason}", { name: caller.name, reason });
    this.#audit.record({ event: "closed", allowed: false, reason, who: caller });
    socket.destroy();
  }

  /** Nobody stays in for longer than a new connection would be let in. */
  #closeWhenExpired(socket: TLSSocket, caller: Caller, certificate: Uint8Array, until: Date): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const lookAfter = (until: Date) => {
      timer = setTimeout(() => {
        try {
          identify(certificate);
          // The authorities may be others by now, and good for longer.
          lookAfter(this.#authorities.check(certificate));
        } catch (error) {
          this.#close(socket, caller, reasonOf(error));
        }
      }, Math.min(until.getTime() - Date.now() + 1, LONGEST_WAIT));
    };
    lookAfter(until);
    socket.once("close", () => clearTimeout(timer));
  }

  #problemOf(certificate: Uint8Array): string | null {
    try {
      this.#authorities.check(certificate);
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /** Runs in the handshake's callback and does not wait: after an await a peer that has gone has no certificate any more. */
  #accept(socket: TLSSocket): void {
    const peer = addressOf(socket);
    this.#arrivals.end(socketBelow(socket));
    try {
      const certificate = socket.getPeerCertificate().raw;
      const caller = { ...identify(certificate), peer };
      if (caller.name === LOCAL_NAME || caller.name === DAEMON_NAME) {
        const reference = { subject: caller.name, serial: caller.serial };
        throw new IdentityError(`The name "${caller.name}" is kept for the daemon itself`, { certificate: reference });
      }
      // Also what the TLS library has checked: Deno 2.9 lets a peer resume its session whatever the authorities are by now.
      const until = this.#authorities.check(certificate);
      this.#takePlace(socket, caller);
      const kept = Uint8Array.from(certificate);
      this.#peers.set(socket, { caller, certificate: kept });
      socket.once("close", () => this.#peers.delete(socket));
      this.#connections.admit(socket, caller);
      this.#closeWhenExpired(socket, caller, kept, until);
    } catch (error) {
      const reason = reasonOf(error);
      const certificate = error instanceof IdentityError ? error.certificate : undefined;
      const who = { ...certificate, peer };
      const recorded = this.#audit.record({ event: "handshake", allowed: false, reason, who });
      if (recorded) logger.warn("Refused a certificate: {reason}", { reason });
      // Whoever was let in before, or will be, is told; all others learn nothing.
      if (error instanceof RevokedError) this.#refusals.refuse(socket, new ProblemError(403, reason));
      else if (error instanceof PlaceError) this.#refusals.refuse(socket, new ProblemError(503, reason));
      else socket.destroy();
    }
  }
}

/** There is no place for one more connection of a client. */
class PlaceError extends IdentityError {}

function contextOf({ ca, certificate, key }: Credentials) {
  return { ca, cert: certificate, key, minVersion: "TLSv1.3" } as const;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Of a certificate that it does not accept, Deno 2.9 says only "socket hang up", and one code for all that can be wrong. */
function reasonOfHandshake({ message }: Error, socket: TLSSocket): string {
  const code: unknown = Reflect.get(socket, "authorizationError");
  if (typeof code !== "string") return message;
  return `Its certificate is not valid now, not for clients, or not signed by a trusted authority (${code})`;
}

/** `ADDRESS:PORT` of a socket's peer, as far as it is known. */
function addressOf({ remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined) return "unknown";
  return `${remoteAddress.includes(":") ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
}

/** The connection below the TLS, which knows its peer's address also when the handshake has failed. */
function socketBelow(socket: TLSSocket): Socket {
  const below: unknown = Reflect.get(socket, "_parent");
  return below instanceof Socket ? below : socket;
}
