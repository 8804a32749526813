import { connect, createServer, type Socket } from "node:net";
import { type Listening, listening } from "./listening.ts";

/** One connection through a tunnel. */
interface Passage {
  readonly near: Socket;
  readonly far: Socket;
  stalled: boolean;
}

/** A tunnel to a server, as by ssh -L, that can go on to hold its connections without forwarding anything, not even their ends. */
export class Tunnel implements AsyncDisposable {
  /** How many connections have come. */
  connections = 0;
  readonly #passages = new Set<Passage>();
  #stalled = false;
  #listening: Listening | undefined;

  private constructor(readonly target: string) {}

  /** Opens one to HOST:PORT. */
  static async open(target: string): Promise<Tunnel> {
    const tunnel = new Tunnel(target);
    tunnel.#listening = await listening(createServer((socket) => tunnel.#pass(socket)));
    return tunnel;
  }

  /** HOST:PORT of its near end. */
  get address(): string {
    return this.#listening?.address ?? "";
  }

  /** Forgets the connections that are open; new ones work. */
  forget(): void {
    for (const passage of this.#passages) passage.stalled = true;
  }

  /** Forwards nothing any more, on new connections either. */
  stall(): void {
    this.#stalled = true;
    this.forget();
  }

  /** Has new connections work again. */
  recover(): void {
    this.#stalled = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { far } of this.#passages) far.destroy();
    await this.#listening?.[Symbol.asyncDispose]();
  }

  #pass(near: Socket): void {
    this.connections++;
    const [host = "", port = ""] = this.target.split(":");
    const far = connect({ host, port: Number(port) });
    const passage: Passage = { near, far, stalled: this.#stalled };
    this.#passages.add(passage);
    for (const [from, to] of [[near, far], [far, near]] as const) {
      from.on("error", () => {});
      from.on("data", (chunk) => void (passage.stalled || to.write(chunk)));
      from.on("end", () => void (passage.stalled || to.end()));
      from.on("close", () => {
        if (from === near) this.#passages.delete(passage);
        if (from === near || !passage.stalled) to.destroy();
      });
    }
  }
}
