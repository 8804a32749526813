/**
 * A serial number (the content of an INTEGER) in hexadecimal, lower case, without leading zeros.
 *
 * @throws {SyntaxError} if it is negative, empty, or longer than the 20 bytes of RFC 5280, 4.1.2.2, and a leading zero.
 */
export function parseSerial(integer: Uint8Array): string {
  const [first] = integer;
  if (first === undefined || first > 0x7f || integer.length > 21) {
    throw new SyntaxError("Cannot read certificate: its serial number is negative, empty or too long");
  }
  return integer.toHex().replace(/^0+(?=.)/, "");
}
