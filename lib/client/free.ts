/**
 * Gives the memory of bytes back that nobody needs any more; they are gone. To V8 the bytes of a buffer outside of its heap weigh next to
 * nothing: a fast download has it keep hundreds of megabytes of them before it collects any.
 *
 * @param bytes If they share their buffer with others, as in the pool of node:buffer, or are gone already, nothing happens.
 */
export function free(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && !buffer.detached && bytes.byteLength === buffer.byteLength) buffer.transfer(0);
}
