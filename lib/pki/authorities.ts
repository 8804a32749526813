import type { KeyObject } from "node:crypto";
import { type Certificate, describeSubject, parseCertificate } from "./certificate.ts";
import { IdentityError } from "./identity.ts";
import { decodeCertificates } from "./pem.ts";
import { decodeRevocationLists, equalBytes, parseRevocationList, type RevocationList } from "./crl.ts";
import { isSignedBy, parseSigned, publicKeyOf, type Signed } from "./signed.ts";
import { checkAuthorities } from "./trust.ts";

/** One of them. */
interface Authority {
  readonly certificate: Certificate;
  readonly key: KeyObject;
  /** What its lists say. */
  readonly revoked: ReadonlySet<string>;
}

/** The authorities that clients are trusted by, and the certificates that these have revoked. */
export class Authorities {
  readonly #authorities: readonly Authority[];
  readonly #lists: readonly RevocationList[];

  private constructor(authorities: readonly Omit<Authority, "revoked">[], lists: readonly RevocationList[]) {
    this.#lists = lists;
    this.#authorities = authorities.map((authority) => ({
      ...authority,
      revoked: new Set(lists.filter((list) => hasIssued(authority, list)).flatMap(({ serials }) => [...serials])),
    }));
  }

  /**
   * Reads the authorities; nothing is revoked.
   *
   * @param pem One or more certificates.
   * @throws {Error} as `checkAuthorities` does.
   */
  static parse(pem: string): Authorities {
    checkAuthorities(pem);
    const authorities = decodeCertificates(pem).map((der) => ({
      certificate: parseCertificate(der),
      key: publicKeyOf(der),
    }));
    return new Authorities(authorities, []);
  }

  /**
   * The same authorities with these lists in the place of each one's old. Of an authority with none among them the old stay in force:
   * nothing that was revoked comes back because a file holds another's list only.
   *
   * @param pem One or more lists.
   * @throws {Error} if they cannot be read, there is none, or one is not signed by one of the authorities.
   */
  withRevocations(pem: string): Authorities {
    let lists: RevocationList[];
    try {
      lists = decodeRevocationLists(pem).map(parseRevocationList);
    } catch (cause) {
      throw new Error(`Cannot read revocation list: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
    if (lists.length === 0) throw new Error("Cannot read revocation list: there is none in the file");
    if (!lists.every((list) => this.#authorities.some((authority) => hasIssued(authority, list)))) {
      throw new Error("Cannot use revocation list: no trusted authority has signed it");
    }
    const replaced = this.#authorities.filter((authority) => lists.some((list) => hasIssued(authority, list)));
    const kept = this.#lists.filter((list) => !replaced.some((authority) => hasIssued(authority, list)));
    return new Authorities(this.#authorities, [...lists, ...kept]);
  }

  /** The same authorities with the lists of others: those of its lists that one of these authorities has signed. */
  withRevocationsOf(other: Authorities): Authorities {
    return new Authorities(this.#authorities, other.#lists);
  }

  /** When the first of the lists should have been replaced; `undefined` if none says so. */
  get nextUpdate(): Date | undefined {
    const times = this.#lists.flatMap(({ nextUpdate }) => nextUpdate === undefined ? [] : [nextUpdate.getTime()]);
    return times.length === 0 ? undefined : new Date(Math.min(...times));
  }

  /**
   * Makes sure, by the certificate alone, that one of these authorities itself has signed it, is still valid, and has not revoked it.
   * The TLS library has done so only if it made a full handshake: who resumes a session is believed what held at its beginning.
   *
   * @param der The certificate of a client.
   * @param now The time at which the authority must be valid.
   * @throws {IdentityError} and nothing else.
   */
  check(der: Uint8Array, now: Date = new Date()): void {
    let certificate: Certificate;
    let signed: Signed;
    try {
      [certificate, signed] = [parseCertificate(der), parseSigned(der)];
    } catch (cause) {
      throw new IdentityError("Cannot accept client certificate: it cannot be read", { cause });
    }
    const refuse = (why: string) => {
      const reference = { subject: describeSubject(certificate), serial: certificate.serial };
      const which = `"${reference.subject}" (serial ${reference.serial})`;
      return new IdentityError(`Cannot accept client certificate ${which}: ${why}`, { certificate: reference });
    };
    const problem = this.problemOf(certificate, signed, now);
    if (problem !== undefined) throw refuse(problem);
  }

  /**
   * Why a certificate is not from here, for people to read: none of these authorities itself has signed it, all that have are over, or
   * it was revoked; `undefined` if it is. What else it says is not looked at.
   *
   * @param now The time at which the authority must be valid.
   */
  problemOf(certificate: Certificate, signed: Signed, now: Date): string | undefined {
    const signers = this.#authorities.filter((authority) =>
      hasIssued(authority, { issuer: certificate.issuer, signed })
    );
    if (signers.length === 0) return "no trusted authority has signed it";
    if (signers.some(({ revoked }) => revoked.has(certificate.serial))) return "it was revoked";
    if (!signers.some((signer) => now <= signer.certificate.notAfter)) return "its authority has expired";
    return undefined;
  }
}

function hasIssued(
  { certificate, key }: Omit<Authority, "revoked">,
  { issuer, signed }: Pick<RevocationList, "issuer" | "signed">,
): boolean {
  return equalBytes(issuer, certificate.subjectName) && isSignedBy(signed, key);
}
