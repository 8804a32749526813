import { readVariable } from "../base/utf8.ts";
import { logger } from "./log/logger.ts";

/** Constants of Linux on x86-64 and ARM64: unix(7), socket(2), send(2). */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** Bytes of `sun_path`. */
const MOST_PATH = 108;

/** Tells the service manager that started this process how it is, by `NAME=VALUE` lines of sd_notify(3). */
export type Notify = (state: string) => void;

/**
 * How the service manager wants to be told: on the socket in `NOTIFY_SOCKET`, a path or, behind an `@`, a name of the abstract
 * namespace. Takes the variable out of the environment, as it is for nobody whom we start. Without it nothing is told; what
 * cannot be told is a warning in the log, for the daemon works all the same.
 * @throws {TypeError} when the variable is not UTF-8.
 */
export function takeNotify(): Notify {
  const socket = readVariable("NOTIFY_SOCKET");
  Deno.env.delete("NOTIFY_SOCKET");
  if (socket === undefined) return () => {};
  return (state) => {
    try {
      send(addressOf(socket), new TextEncoder().encode(state));
    } catch (error) {
      logger.warn("Cannot tell the service manager {state}: {error}", { state, error });
    }
  };
}

/** A `sockaddr_un` of exactly the bytes that count: those of an abstract name are not ended by a zero (unix(7)). */
function addressOf(socket: string): Uint8Array<ArrayBuffer> {
  if (!/^[@/]./.test(socket)) {
    throw new TypeError(`Cannot use the socket "${socket}": not a path, nor an abstract name`);
  }
  const path = new TextEncoder().encode(socket.startsWith("@") ? `\0${socket.slice(1)}` : `${socket}\0`);
  if (path.length > MOST_PATH) throw new RangeError(`Cannot use the socket "${socket}": its name is too long`);
  const address = new Uint8Array(2 + path.length);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(path, 2);
  return address;
}

/** Sends one datagram, for which Deno 2.9 has no stable call. */
function send(address: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): void {
  using libc = open();
  const { socket, sendto, close } = libc.symbols;
  const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw new Error("Cannot make a socket");
  const length = BigInt(message.length);
  const sent = sendto(descriptor, message, length, MSG_NOSIGNAL, address, address.length);
  close(descriptor);
  if (sent !== length) throw new Error("Cannot send to its socket");
}

function open() {
  const libc = Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
    close: { parameters: ["i32"], result: "i32" },
  });
  return { symbols: libc.symbols, [Symbol.dispose]: () => libc.close() };
}
