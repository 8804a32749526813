import type { TLSSocket } from "node:tls";
import { type ProblemError, problemMessage } from "../problem.ts";

/** Peers that are being told why they are refused; more are closed without a word, for no other limit holds for these connections. */
const MAX_TOLD = 32;
/** Milliseconds for a peer to read it. */
const LINGER_MS = 1_000;

/**
 * Tells peers that had a good handshake why they are refused all the same, such as for a certificate that was revoked: TLS has alerts for
 * that, but node:tls has no call to send one. Nothing that such a peer sends is parsed.
 */
export class Refusals implements Disposable {
  readonly #due = new WeakMap<TLSSocket, ProblemError>();
  readonly #told = new Set<TLSSocket>();

  /** Refuses a peer. Call it in a listener of `secureConnection` before that of node:https. */
  refuse(socket: TLSSocket, problem: ProblemError): void {
    if (this.#told.size >= MAX_TOLD) return void socket.destroy();
    this.#told.add(socket);
    this.#due.set(socket, problem);
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.on("error", () => socket.destroy()).once("close", () => {
      clearTimeout(timer);
      this.#told.delete(socket);
    });
  }

  /** Tells a peer why, if it was refused. Call it in a listener of `secureConnection` behind that of node:https. */
  tell(socket: TLSSocket): void {
    const problem = this.#due.get(socket);
    if (problem === undefined || socket.destroyed) return;
    // The parser of node:http has only just been put there, and has seen nothing.
    socket.removeAllListeners("data").removeAllListeners("end").resume();
    socket.end(problemMessage(problem));
  }

  [Symbol.dispose](): void {
    for (const socket of this.#told) socket.destroy();
  }
}
