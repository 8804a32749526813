import { isIP } from "node:net";

/** A host as a certificate names it: a DNS name in lower case, or an IP address in its canonical form. */
export interface Host {
  /** Which of the two. */
  readonly type: "dns" | "ip";
  /** The name or the address. */
  readonly value: string;
}

/** Letters, digits and inner hyphens, at most 63 (RFC 1123, 2.1). */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads the name or address of a host.
 *
 * @throws {TypeError} if it is neither a DNS name nor an IP address.
 */
export function parseHost(text: string): Host {
  if (isIP(text) === 4) return { type: "ip", value: text };
  // A scope such as in fe80::1%eth0 means something on one host only. URL writes the embedded IPv4 of ::ffff:1.2.3.4 in
  // hexadecimal too, which the library for certificates cannot.
  if (isIP(text) === 6 && !text.includes("%")) {
    return { type: "ip", value: new URL(`http://[${text}]`).hostname.slice(1, -1) };
  }
  const name = text.toLowerCase();
  const labels = name.split(".");
  // A name that ends with a number is meant as an IPv4 address.
  if (name.length > 253 || !labels.every((label) => LABEL.test(label)) || /^\d+$/.test(labels.at(-1) ?? "")) {
    throw new TypeError(`Cannot make a certificate for host ${JSON.stringify(text)}: it is no DNS name or IP address`);
  }
  return { type: "dns", value: name };
}
