/** The kinds of files in DER that are told apart. */
export type DerKind =
  | "certificate"
  | "private key"
  | "public key"
  | "signing request"
  | "revocation list"
  | "PKCS#7 file"
  | "PKCS#12 file";

/**
 * The first bytes of a SEQUENCE of less than 64 KiB, read as UTF-8. What is not UTF-8 became U+FFFD: mostly one for each byte, and sometimes
 * one for two.
 */
const SEQUENCE = "0(?:[\0-\x7f]|\ufffd[^]{1,2}?)";
/** The same of any length. */
const LIST = "0(?:[\0-\x7f]|\ufffd[^]{1,3}?)";
const KINDS: readonly (readonly [DerKind, RegExp])[] = [
  ["PKCS#12 file", new RegExp(`^${SEQUENCE}\x02\x01\x030`)], // RFC 7292, 4
  ["private key", new RegExp(`^${SEQUENCE}\x02\x01[\0\x01][\x02\x040]`)], // RFC 8017, A.1.2; RFC 5915, 3; RFC 5958, 2
  ["private key", new RegExp(`^${SEQUENCE}0[\x01-\x7f]\x06\x09\\*\ufffdH[^]{1,3}\r\x01[\x05\x0c]`)], // RFC 5958, 3
  ["PKCS#7 file", new RegExp(`^${SEQUENCE}\x06\x09\\*\ufffdH[^]{1,3}\r\x01\x07\x02`)], // RFC 5652, 3
  ["public key", new RegExp(`^${SEQUENCE}0[\x01-\x7f]\x06`)], // RFC 5280, 4.1
  ["certificate", new RegExp(`^${SEQUENCE}0[^]{1,5}?\x03\x02\x01[\x01\x02]\x02`)], // RFC 5280, 4.1
  ["signing request", new RegExp(`^${SEQUENCE}${SEQUENCE}\x02\x01\x000`)], // RFC 2986, 4
  ["revocation list", new RegExp(`^${LIST}${LIST}(?:\x02\x01\x01)?0[\x01-\x7f]\x06`)], // RFC 5280, 5.1
];
/** The commands of OpenSSL that convert each to PEM. */
const COMMANDS: Readonly<Record<DerKind, string>> = {
  "certificate": "x509 -inform DER -in <FILE>",
  "private key": "pkey -inform DER -in <FILE>",
  "public key": "pkey -pubin -inform DER -in <FILE>",
  "signing request": "req -inform DER -in <FILE>",
  "revocation list": "crl -inform DER -in <FILE>",
  "PKCS#7 file": "pkcs7 -inform DER -in <FILE> -print_certs",
  "PKCS#12 file": "pkcs12 -in <FILE> -nodes",
};

/**
 * Describes a file in DER as a clause with its cure, in which <FILE> stands for its path and <NEW> for that of the converted one.
 *
 * @param text The file, read as UTF-8.
 * @param wanted What it is read for; anything by default.
 * @returns `undefined` if it is not in DER.
 */
export function describeDer(text: string, wanted?: DerKind): string | undefined {
  if (!isDer(text)) return undefined;
  const found = KINDS.find(([, beginning]) => beginning.test(text))?.[0];
  const kind = found ?? wanted ?? "certificate";
  const isStore = kind.startsWith("PKCS");
  if (wanted !== undefined && kind !== wanted && !isStore) return `it is a ${kind} in DER, not a ${wanted} in PEM`;
  return `it is ${isStore ? `a ${kind}` : "in DER"}, not in PEM; convert it with: openssl ${COMMANDS[kind]} -out <NEW>`;
}

/** Whether it begins with a SEQUENCE: of 128 bytes or more, or a short one with an INTEGER, or with a SEQUENCE and OBJECT IDENTIFIER, in it. */
function isDer(text: string): boolean {
  return new RegExp("^0(?:[\ufffd\x80-\x9f]|[\0-\x7f](?:\x02|0[\x01-\x1f]\x06))").test(text);
}
