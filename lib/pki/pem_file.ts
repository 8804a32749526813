import { type DerKind, describeDer } from "./der_file.ts";
import { DerTag, readSingle } from "./der_reader.ts";

/** What a PEM file is read for. */
export type PemContent = "certificate" | "authorities" | "privateKey" | "request";

/** A file of certificates or keys that does not hold what it is read for. The message names the file, the fault and the cure. */
export class PemFileError extends SyntaxError {
  /** The name of the class. */
  override readonly name = "PemFileError";
}

const KEYS = ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"];
/** What may stand next to a certificate or its key in one file; OpenSSL writes the first before EC keys. */
const BESIDE_KEYS = ["EC PARAMETERS", "CERTIFICATE", ...KEYS];

interface Description {
  /** How an error begins. */
  readonly cannot: string;
  readonly noun: DerKind;
  /** The labels of its blocks. */
  readonly labels: readonly string[];
  /** How an error ends. */
  readonly cure?: string;
}

const CONTENTS: Readonly<Record<PemContent, Description>> = {
  certificate: { cannot: "Cannot use the certificate", noun: "certificate", labels: ["CERTIFICATE"] },
  authorities: { cannot: "Cannot read trusted authorities", noun: "certificate", labels: ["CERTIFICATE"] },
  privateKey: { cannot: "Cannot use the private key", noun: "private key", labels: KEYS },
  request: {
    cannot: "Cannot read signing request",
    noun: "signing request",
    // Older programs say NEW (RFC 7468, 7).
    labels: ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"],
    cure: "; requests are made by: teleworker certs request",
  },
};

const REQUEST = "it is a signing request, not a certificate, which the authority makes from it: " +
  "teleworker certs server HOST --csr <FILE>";
const ENCRYPTED = "it is encrypted with a passphrase; decrypt it with: openssl pkey -in <FILE> -out <NEW>";

/** What people may have put into a file in place of what it is read for, and what to do then. */
const MISTAKES: Readonly<Record<string, string>> = {
  "CERTIFICATE REQUEST": REQUEST,
  "NEW CERTIFICATE REQUEST": REQUEST,
  "TRUSTED CERTIFICATE": "it is in a format of OpenSSL's own; convert it with: openssl x509 -in <FILE> -out <NEW>",
  "ENCRYPTED PRIVATE KEY": ENCRYPTED,
  "OPENSSH PRIVATE KEY": "it is in OpenSSH's format; make a key and a request with: teleworker certs request",
  "PUBLIC KEY": "it is a public key, not a private one",
};
/** A block with its label, the headers of RFC 1421 that old private keys have, and what should be base64. */
const BLOCK = /^-----BEGIN ([A-Z0-9 ]+)-----\n((?:[\w-]+:.*\n)*)((?:(?!-----).*\n)*)-----END \1-----$/gm;

/** Removes a byte order mark, the white space around each line, and the carriage returns of Windows. */
export function tidyPem(text: string): string {
  if (!/^\ufeff|^[ \t]|[ \t\r]$/m.test(text)) return text;
  return text.replace(/^\ufeff/, "").split("\n").map((line) => line.trim()).join("\n");
}

/**
 * Picks out of a file what it is read for, in the one form that every library reads alike: key and certificate may be in one file in any
 * order, and lines may be indented.
 *
 * @param path The file, for messages.
 * @returns PEM with nothing else in it.
 * @throws {PemFileError} that says what is the matter with the file.
 */
export function pickPem(text: string, content: PemContent, path: string): string {
  const { cannot, noun, labels, cure = "" } = CONTENTS[content];
  const refuse = (fault: string) => {
    const told = fault.includes("<NEW>") ? fillIn(fault, path) : `${fillIn(fault, path)}${cure}`;
    return new PemFileError(`${cannot} "${path}": ${told}`);
  };
  const tidy = tidyPem(text);
  if (tidy.trim() === "") throw refuse("it is empty");
  const der = describeDer(text, noun);
  if (der !== undefined) throw refuse(der);
  const blocks = [...tidy.matchAll(BLOCK)];
  const begun = [...tidy.matchAll(/-----BEGIN ([^-\n]*)/g)];
  if (begun.length === 0) throw refuse("it is not in PEM: it has no line that says BEGIN");
  if (blocks.length !== begun.length) throw refuse(describeDamage(begun.map(([, label = ""]) => label), blocks));
  const wanted = blocks.filter(([, label = ""]) => labels.includes(label));
  const [foreign] = blocks.map(([, label = ""]) => label).filter((label) =>
    !labels.includes(label) && (content === "authorities" || content === "request" || !BESIDE_KEYS.includes(label))
  );
  if (foreign !== undefined) {
    throw refuse((content === "request" ? undefined : MISTAKES[foreign]) ?? `"${foreign}" is no ${noun}`);
  }
  if (wanted.length === 0) throw refuse(`it has no ${noun}, only "${blocks.map(([, label]) => label).join('", "')}"`);
  if (content === "privateKey" && wanted.length > 1) throw refuse(`it has ${wanted.length} private keys`);
  if (content === "request" && wanted.length > 1) throw refuse(`it has ${wanted.length} signing requests, not one`);
  return wanted.map(([, label = "", headers = "", base64 = ""]) => {
    if (/^Proc-Type: *4,ENCRYPTED/m.test(headers)) throw refuse(ENCRYPTED);
    const fault = base64Fault(base64);
    if (fault !== undefined) throw refuse(`its "${label}" ${fault}`);
    return `-----BEGIN ${label}-----\n${base64}-----END ${label}-----\n`;
  }).join("");
}

function describeDamage(begun: readonly string[], blocks: readonly RegExpExecArray[]): string {
  const whole = blocks.map(([, label = ""]) => label);
  const torn = begun.find((label) => !whole.includes(label)) ?? begun.at(-1) ?? "";
  return `its "${torn}" is damaged or cut off: there is no line that says END ${torn}`;
}

/** What is wrong with the content of a block, as a clause without its subject; `undefined` if it is one whole value in DER. */
function base64Fault(base64: string): string | undefined {
  let der: Uint8Array;
  try {
    der = Uint8Array.fromBase64(base64);
  } catch {
    return "is damaged: it is not base64";
  }
  try {
    readSingle(der, DerTag.sequence);
    return undefined;
  } catch (error) {
    return `is damaged or cut off: ${error instanceof Error ? error.message : error}`;
  }
}

/** Puts the paths of a file and of its converted copy into a clause that has <FILE> and <NEW> for them. */
export function fillIn(fault: string, path: string): string {
  return fault.replace("<FILE>", () => `"${path}"`).replace("<NEW>", () => `"${path}.new"`);
}

/**
 * Parses what was read from a file, so that an error that names no file names this one.
 *
 * @throws {Error} as `parse` does.
 */
export function inFile<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw withFile(error, path);
  }
}

/** Gives an error that names a file for one that names none, and any other as it is. */
export function withFile(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return error;
  const message = nameFile(error.message, path);
  if (message === error.message) return error;
  return error instanceof SyntaxError
    ? new SyntaxError(message, { cause: error })
    : new Error(message, { cause: error });
}

function nameFile(message: string, path: string): string {
  const [, what, why = ""] = /^(Cannot read [a-z ]+): (.*)$/s.exec(message) ?? [];
  if (what !== undefined) {
    return `${what} "${path}": ${fillIn(why.replace(/^Cannot read /, "it is damaged: cannot read "), path)}`;
  }
  if (message.startsWith("Cannot trust ")) return `${message} (in "${path}")`;
  return message.replace(
    /^(Cannot use revocation list) of (".*"): /s,
    (_all, cannot, issuer) => `${cannot} "${path}" of ${issuer}: `,
  );
}
