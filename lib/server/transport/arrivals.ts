import type { Socket } from "node:net";
import { networkOf } from "./network.ts";

/** How many connections there may be. */
export interface ArrivalLimits {
  /** In all. For one more the oldest goes that is still in its handshake, or, where there is none, the new one. */
  readonly maxConnections: number;
  /** Of one address (IPv6: of a /64) in their handshake, when nobody knows yet whose they are. For one more its oldest goes. */
  readonly maxHandshakes: number;
}

/**
 * All connections below the TLS. Who is among many of one address that stall shows its certificate before it is the oldest of them:
 * to close the newest instead would lock out everyone else at that address.
 *
 * Not by `maxConnections` of node:net, with which Deno 2.9 closes the newest, and without an event.
 */
export class Arrivals {
  readonly #limits: ArrivalLimits;
  readonly #open = new Set<Socket>();
  /** Those in their handshake, in the order in which they came, each with its network. */
  readonly #handshakes = new Map<Socket, string>();
  readonly #byNetwork = new Map<string, Set<Socket>>();
  readonly #reasons = new WeakMap<Socket, string>();

  /** None yet. */
  constructor(limits: ArrivalLimits) {
    this.#limits = limits;
  }

  /** Takes in one that begins its handshake, and closes one that has to go for it. */
  begin(socket: Socket): void {
    const network = networkOf(socket.remoteAddress ?? "");
    const others = this.#byNetwork.get(network) ?? new Set();
    this.#byNetwork.set(network, others.add(socket));
    this.#handshakes.set(socket, network);
    this.#open.add(socket);
    socket.once("close", () => this.#forget(socket));
    const { maxConnections, maxHandshakes } = this.#limits;
    if (others.size > maxHandshakes) {
      this.#close(others, `More than ${maxHandshakes} connections of its address were in their handshake`);
    } else if (this.#open.size > maxConnections) {
      this.#close(this.#handshakes.keys(), `There were more than ${maxConnections} connections`);
    }
  }

  /** Takes note that one has come to the end of its handshake. */
  end(socket: Socket): void {
    const network = this.#handshakes.get(socket);
    if (network === undefined) return;
    this.#handshakes.delete(socket);
    const others = this.#byNetwork.get(network);
    others?.delete(socket);
    if (others?.size === 0) this.#byNetwork.delete(network);
  }

  /** Why one was closed by us in its handshake; `undefined` if it was not. */
  reasonOf(socket: Socket): string | undefined {
    return this.#reasons.get(socket);
  }

  /** Closes all at once. */
  closeAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #close([oldest]: Iterable<Socket>, reason: string): void {
    if (oldest === undefined) return;
    this.#reasons.set(oldest, reason);
    this.#forget(oldest);
    oldest.destroy();
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket);
    this.end(socket);
  }
}
