/**
 * A serial number (the content of an INTEGER) in hexadecimal, lower case, without leading zeros.
 *
 * @throws {SyntaxError} if it is negative, empty, or longer than the 20 bytes of RFC 5280, 4.1.2.2, and a leading zero.
 */
export function decodeSerial(integer: Uint8Array): string {
  const [first] = integer;
  if (first === undefined || first > 0x7f || integer.length > (first === 0 ? 21 : 20)) {
    throw new SyntaxError("Cannot read serial number: it is negative, empty or too long");
  }
  return withoutZeros(integer.toHex());
}

/**
 * Reads a serial number as people write it: hexadecimal, with or without `0x` or colons.
 *
 * @returns Lower case, without leading zeros; `undefined` if it is none.
 */
export function parseSerialNumber(text: string): string | undefined {
  const digits = text.toLowerCase().replace(/^0x/, "").replaceAll(/(?<=[0-9a-f]{2}):(?=[0-9a-f]{2})/g, "");
  // At most 20 octets (RFC 5280, 4.1.2.2).
  return /^[0-9a-f]{1,40}$/.test(digits) ? withoutZeros(digits) : undefined;
}

function withoutZeros(hex: string): string {
  return hex.replace(/^0+(?=.)/, "");
}
