import { DerTag, type DerValue } from "./der_reader.ts";

/**
 * Reads the content of a BOOLEAN.
 *
 * @throws {SyntaxError} unless it is the 0x00 or 0xff of X.690, 11.1.
 */
export function decodeBoolean(content: Uint8Array): boolean {
  const [byte] = content;
  if (content.length !== 1 || (byte !== 0x00 && byte !== 0xff)) {
    throw new SyntaxError("Cannot read DER boolean: it is neither true nor false");
  }
  return byte === 0xff;
}

/**
 * Reads the content of an OBJECT IDENTIFIER as dotted numbers (X.690, 8.19).
 *
 * @throws {SyntaxError} if a number is cut off or not in its shortest form, or above 64 bytes altogether.
 */
export function decodeObjectIdentifier(content: Uint8Array): string {
  if (content.length === 0 || content.length > 64) {
    throw new SyntaxError(`Cannot read object identifier: it has ${content.length} bytes`);
  }
  const numbers: bigint[] = [];
  let number = 0n;
  let starts = true;
  for (const byte of content) {
    if (starts && byte === 0x80) throw new SyntaxError("Cannot read object identifier: it has a padded number");
    number = number * 128n + BigInt(byte & 0x7f);
    starts = byte < 0x80;
    if (!starts) continue;
    if (numbers.length > 0) numbers.push(number);
    else {
      const first = number < 80n ? number / 40n : 2n; // the first two numbers share one
      numbers.push(first, number - first * 40n);
    }
    number = 0n;
  }
  if (!starts) throw new SyntaxError("Cannot read object identifier: it is cut off");
  return numbers.join(".");
}

/**
 * Reads the content of a UTF8String, PrintableString or IA5String.
 *
 * @returns `undefined` for the other types of strings, which no certificate made in this century needs.
 * @throws {SyntaxError} if the bytes are not what the type allows.
 */
export function decodeText({ tag, content }: DerValue): string | undefined {
  if (tag !== DerTag.utf8String && tag !== DerTag.printableString && tag !== DerTag.ia5String) return undefined;
  if (tag !== DerTag.utf8String && content.some((byte) => byte > 0x7f)) {
    throw new SyntaxError("Cannot read string: it is not ASCII");
  }
  try {
    // Without ignoreBOM two different names, one with a byte order mark, would read the same.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch (cause) {
    throw new SyntaxError("Cannot read string: it is not UTF-8", { cause });
  }
}

/**
 * Reads a UTCTime or GeneralizedTime in the only forms that certificates may have, in seconds and UTC
 * (RFC 5280, 4.1.2.5).
 *
 * @throws {SyntaxError} for other forms, and for days that no calendar has.
 */
export function decodeTime({ tag, content }: DerValue): Date {
  let text = decodeText({ tag: DerTag.ia5String, content }) ?? "";
  if (tag === DerTag.utcTime) text = (text < "50" ? "20" : "19") + text;
  else if (tag !== DerTag.generalizedTime) throw new SyntaxError("Cannot read time: it is of another type");
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6.000Z");
  const time = new Date(iso);
  // Date takes the 31st of February for the 3rd of March.
  if (Number.isNaN(time.getTime()) || time.toISOString() !== iso) {
    throw new SyntaxError("Cannot read time: it is no date in UTC");
  }
  return time;
}

/** Whether two stretches of bytes are the same. */
export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
