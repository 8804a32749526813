import { type Certificate, describeSubject, parseCertificate, validityProblem } from "./certificate.ts";
import { isOlder, makersOf, readRevocationLists, type RevocationList } from "./crl.ts";
import { expiresSoon, type Validity } from "./expiry.ts";
import { IdentityError } from "./identity.ts";
import { type Authority, hasIssued, parseAuthorities } from "./trust.ts";

const REVOKED = "it was revoked";

/** A client certificate that its authority has revoked. */
export class RevokedError extends IdentityError {}

/** Something of an authority that expires soon. */
export interface Expiring {
  /** The authority's subject. */
  readonly name: string;
  /** Its certificate. */
  readonly certificate: Certificate;
  /** From when until when it is valid. */
  readonly validity: Validity;
}

/** The authorities that clients are trusted by, and the certificates that these have revoked. */
export class Authorities {
  /** Which lists there are that none of these authorities has made, and which are not used: the issuer of each, to be read. */
  readonly foreignLists: readonly string[];
  /** Whose lists were not used because newer ones are in force. */
  readonly olderLists: readonly string[];
  readonly #authorities: readonly (Authority & { readonly lists: readonly RevocationList[] })[];
  /** Also those of authorities that have gone, which may come back. */
  readonly #lists: readonly RevocationList[];

  private constructor(
    authorities: readonly Authority[],
    lists: readonly RevocationList[],
    foreign: readonly RevocationList[] = [],
    older: readonly RevocationList[] = [],
  ) {
    this.#lists = lists;
    this.#authorities = authorities.map((authority) => ({
      ...authority,
      lists: lists.filter((list) => hasIssued(authority, list)),
    }));
    this.foreignLists = foreign.map(describeIssuer);
    this.olderLists = [...new Set(older.map(describeIssuer))];
  }

  /**
   * Reads the authorities; nothing is revoked.
   *
   * @param pem One or more certificates.
   * @throws {Error} as `parseAuthorities` does.
   */
  static parse(pem: string): Authorities {
    return new Authorities(parseAuthorities(pem), []);
  }

  /**
   * The same authorities with these lists in the place of each one's old. Of an authority with none among them the old stay in force:
   * nothing that was revoked comes back because a file holds another's list only. Lists of other authorities are not used, for their
   * signatures cannot be checked: a file may well still hold that of one whose place another has taken. Nor are those of an authority
   * that has newer ones in force: what it has revoked since would come back.
   *
   * @param pem One or more lists.
   * @throws {Error} if they cannot be read, there is none, or one says that it is of one of the authorities and is not; see `makersOf`.
   */
  withRevocations(pem: string): Authorities {
    const lists = readRevocationLists(pem);
    if (lists.length === 0) throw new Error("Cannot read revocation list: there is none in the file");
    const foreign = lists.filter((list) => makersOf(list, this.#authorities).length === 0);
    // Of several lists of one authority in a file the newest counts.
    const ahead = this.#authorities.filter((authority) => {
      const come = lists.filter((list) => hasIssued(authority, list));
      return come.length > 0 && authority.lists.some((inForce) => come.every((list) => isOlder(list, inForce)));
    });
    const older = lists.filter((list) => ahead.some((authority) => hasIssued(authority, list)));
    const used = lists.filter((list) => !foreign.includes(list) && !older.includes(list));
    const replaced = this.#authorities.filter((authority) => used.some((list) => hasIssued(authority, list)));
    const kept = this.#lists.filter((list) => !replaced.some((authority) => hasIssued(authority, list)));
    return new Authorities(this.#authorities, [...used, ...kept], foreign, older);
  }

  /** Which authorities are not valid at a time, and why; nobody gets in by them. */
  notValid(now: Date): string[] {
    return this.#authorities.flatMap(({ certificate }) => {
      const problem = validityProblem(certificate, now);
      return problem === undefined ? [] : [`"${describeSubject(certificate)}": ${problem}`];
    });
  }

  /** The authorities that expire soon; see `expiresSoon`. */
  expiring(now: Date = new Date()): Expiring[] {
    return this.#authorities.flatMap(({ certificate }) =>
      expiresSoon(certificate, now) ? [{ name: describeSubject(certificate), certificate, validity: certificate }] : []
    );
  }

  /** The lists in force that should be replaced soon; not those that hold as long as their authority. */
  expiringLists(now: Date = new Date()): Omit<Expiring, "certificate">[] {
    return this.#authorities.flatMap(({ certificate, lists }) =>
      lists.flatMap(({ thisUpdate, nextUpdate }) => {
        if (nextUpdate === undefined || nextUpdate >= certificate.notAfter) return [];
        const validity = { notBefore: thisUpdate, notAfter: nextUpdate };
        return expiresSoon(validity, now) ? [{ name: describeSubject(certificate), validity }] : [];
      })
    );
  }

  /** The same authorities with the lists of others: those of its lists that one of these authorities has signed. */
  withRevocationsOf(other: Authorities): Authorities {
    return new Authorities(this.#authorities, other.#lists);
  }

  /** Whether the very lists of another are in force. */
  hasListsOf(other: Authorities): boolean {
    return this.#lists.length === other.#lists.length && this.#lists.every((list) => other.#lists.includes(list));
  }

  /** When the first of the lists in force should have been replaced; `undefined` if none says so. */
  get nextUpdate(): Date | undefined {
    const lists = this.#authorities.flatMap(({ lists }) => lists);
    const times = lists.flatMap(({ nextUpdate }) => nextUpdate === undefined ? [] : [nextUpdate.getTime()]);
    return times.length === 0 ? undefined : new Date(Math.min(...times));
  }

  /**
   * Makes sure, by the certificate alone, that one of these authorities itself has signed it, is valid, and has not revoked it.
   * The TLS library has done so only if it made a full handshake: who resumes a session is believed what held at its beginning;
   * and it does not look at an authority's validity, which RFC 5280, 6.1, leaves to others.
   *
   * @param der The certificate of a client.
   * @param now The time at which the authority must be valid.
   * @returns The last moment at which both the certificate and its authority are.
   * @throws {RevokedError} if its authority has revoked it.
   * @throws {IdentityError} and nothing else.
   */
  check(der: Uint8Array, now: Date = new Date()): Date {
    let certificate: Certificate;
    try {
      certificate = parseCertificate(der);
    } catch (cause) {
      throw new IdentityError("Cannot accept client certificate: it cannot be read", { cause });
    }
    const refuse = (why: string) => {
      const reference = { subject: describeSubject(certificate), serial: certificate.serial };
      const which = `"${reference.subject}" (serial ${reference.serial})`;
      const Refusal = why === REVOKED ? RevokedError : IdentityError;
      return new Refusal(`Cannot accept client certificate ${which}: ${why}`, { certificate: reference });
    };
    const until = this.#vouchedUntil(certificate, now);
    if (typeof until === "string") throw refuse(until);
    return new Date(Math.min(until.getTime(), certificate.notAfter.getTime()));
  }

  /**
   * Why a certificate is not from here, for people to read: none of these authorities itself has signed it, all that have are over, or
   * it was revoked; `undefined` if it is. What else it says is not looked at.
   *
   * @param now The time at which the authority must be valid.
   */
  problemOf(certificate: Certificate, now: Date): string | undefined {
    const until = this.#vouchedUntil(certificate, now);
    return typeof until === "string" ? until : undefined;
  }

  /** The last moment of an authority that vouches for a certificate, or why none does. */
  #vouchedUntil(certificate: Certificate, now: Date): Date | string {
    const signers = this.#authorities.filter((authority) => hasIssued(authority, certificate));
    if (signers.length === 0) return "no trusted authority has signed it";
    if (signers.some(({ lists }) => lists.some(({ revocations }) => revocations.has(certificate.serial)))) {
      return REVOKED;
    }
    const started = signers.filter((signer) => signer.certificate.notBefore <= now);
    if (started.length === 0) return "its authority is not valid yet";
    const until = Math.max(...started.map((signer) => signer.certificate.notAfter.getTime()));
    return now.getTime() <= until ? new Date(until) : "its authority has expired";
  }
}

/** Authorities of one name are told apart by their keys. */
function describeIssuer({ issuerText, keyIdentifier }: RevocationList): string {
  return `"${issuerText}"${keyIdentifier === undefined ? "" : ` (key ${keyIdentifier.toHex()})`}`;
}
