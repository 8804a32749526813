import type { TLSSocket } from "node:tls";

/** What a socket of Deno's node:net reads with. */
interface Handle {
  readStart(): number;
  readStop(): number;
}

/**
 * Makes a TLS socket that does not read hold its peer back.
 *
 * Deno's TLS sockets go on to take in and to decrypt what comes while they are paused, without bound (ext/node/ops/tls_wrap.rs,
 * "Known limitation" at `read_stop`): a peer could fill our memory. So the TCP handle below stops and starts reading with theirs.
 */
export function holdBack(socket: TLSSocket): void {
  const upper: unknown = Reflect.get(socket, "_handle");
  if (!isHandle(upper)) return;
  const lower: unknown = Reflect.get(upper, "_parent");
  if (!isHandle(lower)) return;
  const { readStart, readStop } = upper;
  upper.readStart = () => {
    lower.readStart();
    return readStart.call(upper);
  };
  upper.readStop = () => {
    lower.readStop();
    return readStop.call(upper);
  };
}

function isHandle(value: unknown): value is Handle {
  return typeof value === "object" && value !== null &&
    ["readStart", "readStop"].every((name) => typeof Reflect.get(value, name) === "function");
}
