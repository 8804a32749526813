/** Constants of Linux on x86-64 and ARM64: socket(7), tcp(7), fcntl(2). */
const SOL_SOCKET = 1;
const SO_KEEPALIVE = 9;
const SO_ACCEPTCONN = 30;
const IPPROTO_TCP = 6;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_USER_TIMEOUT = 18;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/**
 * Sets on every listening socket of this process what Deno 2.9 has no call for. Connections inherit it from the one that they come
 * to, so the kernel does the rest without a timer of ours.
 *
 * - A TCP peer that gives no sign of life for `dead` milliseconds is cut off: with nothing in flight by keep-alive probes, and by
 *   `TCP_USER_TIMEOUT` with bytes in flight, where there are no probes and the kernel would try for a quarter of an hour, and
 *   with bytes for which the peer makes no room.
 * - Nothing is inherited by jobs: the socket of a node:net server on a path is not closed on exec.
 *
 * Call it at the start of a listener, before anything connects.
 * @throws {Error} when the C library cannot be called.
 */
export function prepareListeningSockets(dead: number): void {
  const libc = Deno.dlopen("libc.so.6", {
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  });
  try {
    const { getsockopt, setsockopt, fcntl } = libc.symbols;
    const listens = (descriptor: number) => {
      const value = new Int32Array(1);
      getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, value, new Uint32Array([value.byteLength]));
      return value[0] === 1;
    };
    const set = (descriptor: number, level: number, option: number, value: number) =>
      setsockopt(descriptor, level, option, new Int32Array([value]), 4);
    for (const descriptor of openDescriptors().filter(listens)) {
      fcntl(descriptor, F_SETFD, FD_CLOEXEC);
      // Sockets on a path refuse these, and do not need them: the kernel knows when their peers end.
      set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
      set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, Math.ceil(dead / 3000));
      set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, Math.ceil(dead / 6000));
      set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, dead);
    }
  } finally {
    libc.close();
  }
}

function openDescriptors(): number[] {
  return [...Deno.readDirSync("/dev/fd")].map(({ name }) => Number(name));
}
