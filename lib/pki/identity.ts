import {
  allowsKeyUsage,
  type Certificate,
  commonNames,
  describeSubject,
  extendedKeyUsages,
  ExtensionType,
  isAuthority,
  parseCertificate,
  validityProblem,
} from "./certificate.ts";
import { commonNameProblem } from "./common_name.ts";
import { DerReader, DerTag } from "./der_reader.ts";
import { decodeText } from "./der_values.ts";
import { unknownCritical } from "./extensions.ts";
import { type Role, ROLE_EXTENSIONS } from "./role.ts";

/** Who a client is, by its certificate. */
export interface Identity {
  /** The common name: 1 to 64 printable characters. */
  readonly name: string;
  /** What the user may do. */
  readonly role: Role;
  /** The serial number of the certificate in hexadecimal, lower case, without leading zeros. */
  readonly serial: string;
}

/** Which certificate it is about, as far as that can be told without believing it. */
export interface CertificateReference {
  /** The texts of its subject, made harmless for terminals and at most 128 characters; its serial number if it has none. */
  readonly subject: string;
  /** Its serial number in hexadecimal, lower case, without leading zeros. */
  readonly serial: string;
}

/** A client certificate that says nothing, or nothing certain, about who the client is. The message names it. */
export class IdentityError extends Error {
  /** The name of the class. */
  override readonly name = "IdentityError";
  /** The certificate that was refused; `undefined` if it cannot be read. */
  readonly certificate: CertificateReference | undefined;

  /** With the certificate that is refused, where it can be read. */
  constructor(message: string, options: { certificate?: CertificateReference | undefined; cause?: unknown } = {}) {
    const { certificate, cause } = options;
    super(message, cause === undefined ? {} : { cause });
    this.certificate = certificate;
  }
}

/** The extended key usage of TLS clients (RFC 5280, 4.2.1.12). */
const CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2";

/** What is looked at here or by the TLS library; a critical extension that nobody understands must be refused. */
const UNDERSTOOD = new Set<string>([...Object.values(ExtensionType), ...Object.values(ROLE_EXTENSIONS)]);

/**
 * Tells who a client is by a certificate that the TLS library has verified against the trusted authorities. Everything
 * that leaves a doubt is refused: libraries accept certificates of the wrong kind, for example version 1, or a trusted
 * authority's own.
 *
 * It is synchronous since a connection's certificate is only there for sure in the callback of its handshake.
 *
 * @param der The certificate.
 * @param now The time for which it must be valid.
 * @throws {IdentityError} and nothing else.
 */
export function identify(der: Uint8Array, now: Date = new Date()): Identity {
  let certificate: CertificateReference | undefined;
  try {
    const parsed = parseCertificate(der);
    certificate = { subject: describeSubject(parsed), serial: parsed.serial };
    checkKind(parsed);
    checkValidity(parsed, now);
    return { name: readName(parsed), role: readRole(parsed), serial: parsed.serial };
  } catch (error) {
    const which = certificate === undefined ? "" : ` "${certificate.subject}" (serial ${certificate.serial})`;
    const message = `Cannot accept client certificate${which}`;
    if (error instanceof IdentityError) throw new IdentityError(`${message}: ${error.message}`, { certificate });
    throw new IdentityError(`${message}: it cannot be read`, { certificate, cause: error });
  }
}

function checkKind(certificate: Certificate): void {
  if (certificate.version !== 3) throw new IdentityError(`it is X.509 version ${certificate.version}, not 3`);
  if (isAuthority(certificate)) throw new IdentityError("it belongs to a certificate authority");
  if (!allowsKeyUsage(certificate, "digitalSignature")) throw new IdentityError("its key may not sign");
  if (extendedKeyUsages(certificate)?.includes(CLIENT_AUTHENTICATION) === false) {
    throw new IdentityError("it is not for clients");
  }
  const unknown = unknownCritical(certificate.extensions, UNDERSTOOD);
  if (unknown !== undefined) throw new IdentityError(`its critical extension "${unknown}" is unknown`);
}

function checkValidity(certificate: Certificate, now: Date): void {
  const problem = validityProblem(certificate, now);
  if (problem !== undefined) throw new IdentityError(problem);
}

function readName(certificate: Certificate): string {
  const [name, ...others] = commonNames(certificate);
  if (name === undefined) throw new IdentityError("it has no common name");
  if (others.length > 0) throw new IdentityError("it has more than one common name");
  const problem = commonNameProblem(name);
  if (problem !== undefined) throw new IdentityError(problem);
  return name;
}

function readRole({ extensions }: Certificate): Role {
  const admin = extensions.get(ROLE_EXTENSIONS.admin);
  const user = extensions.get(ROLE_EXTENSIONS.user);
  if (admin !== undefined && user !== undefined) throw new IdentityError("it has the roles admin and user");
  const extension = admin ?? user;
  if (extension === undefined) return "operator";
  if (!isRoleValue(extension.value)) throw new IdentityError("its role extension is malformed");
  return admin !== undefined ? "admin" : "user";
}

/** Whether it is NULL, or a UTF8String with whatever text: the extension is the role, its value says nothing. */
function isRoleValue(der: Uint8Array): boolean {
  const reader = new DerReader(der);
  const value = reader.any();
  reader.end();
  if (value.tag === DerTag.null) return value.content.length === 0;
  return value.tag === DerTag.utf8String && decodeText(value) !== "";
}
