import { authorityFiles, revocationFile } from "./certificate_files.ts";
import { type IssuedCertificate, listIssued, readAuthority, readIfThere } from "./issued.ts";
import { readCredential } from "./read_credential.ts";
import { parseSerialNumber, readRevocations, type Revocation, writeRevocations } from "./revocation_list.ts";
import { openAuthority } from "./signing_authority.ts";
import { replaceFiles } from "./write_files.ts";

/** What `revoke` did. */
export interface Revoked {
  /** The path of the revocation list. */
  readonly file: string;
  /** The certificates that are revoked by it now. */
  readonly revoked: readonly { readonly serial: string; readonly certificate: IssuedCertificate | undefined }[];
  /** Those that were revoked before. */
  readonly already: readonly (Revocation & { readonly certificate: IssuedCertificate | undefined })[];
}

/**
 * Revokes certificates: all of a client that are still valid, or the one with a serial number. It is written to `crl.pem`,
 * which is there whole, as it was or as it is to be; of several that revoke at the same time one waits for the other.
 *
 * @param which A client's name or a serial number in hexadecimal. One that no certificate made in this folder has must
 * begin with `0x`, for `ada` may be either.
 * @throws {TypeError} if there is no such certificate, or it is an authority's.
 * @throws {Error} if the authority cannot sign.
 */
export async function revoke(folder: string, which: string): Promise<Revoked> {
  const files = authorityFiles(folder);
  const authority = await openAuthority(await readCredential(files));
  using lock = await Deno.open(files.certificate);
  await lock.lock(true);
  const file = revocationFile(folder);
  const lists = readRevocations(await readIfThere(file) ?? "", authority.certificate);

  const chosen = choose(await listIssued(folder), which);
  const all = chosen.length === 0
    ? [{ serial: unknownSerial(which), certificate: undefined }]
    : chosen.map((certificate) => ({ serial: certificate.serial, certificate }));
  const revoked = all.filter(({ serial }) => !lists.revocations.has(serial));
  const already = all.flatMap(({ serial, certificate }) => {
    const revocation = lists.revocations.get(serial);
    return revocation === undefined ? [] : [{ ...revocation, certificate }];
  });
  if (revoked.length > 0) {
    const at = new Date();
    const added = revoked.map(({ serial }): [string, Revocation] => [serial, { serial, at }]);
    const longer = { ...lists, revocations: new Map([...lists.revocations, ...added]) };
    await replaceFiles([[file, await writeRevocations(longer, authority)]]);
  }
  return { file, revoked, already };
}

/**
 * The revoked certificates of the authority in a folder, by serial number.
 *
 * @throws {SyntaxError} if the list is damaged.
 */
export async function revocationsIn(folder: string): Promise<ReadonlyMap<string, Revocation>> {
  const pem = await readIfThere(revocationFile(folder));
  if (pem === undefined) return new Map();
  return readRevocations(pem, await readAuthority(folder)).revocations;
}

function choose(issued: readonly IssuedCertificate[], which: string): IssuedCertificate[] {
  const serial = parseSerialNumber(which);
  const now = new Date();
  const chosen = issued.filter((certificate) =>
    certificate.ours && (certificate.serial === serial ||
      (certificate.kind === "client" && certificate.name === which && certificate.notAfter >= now))
  );
  if (chosen.some(({ kind }) => kind === "authority")) {
    throw new TypeError(
      `Cannot revoke "${which}": it is the authority itself, which everyone must stop trusting instead`,
    );
  }
  return chosen;
}

function unknownSerial(which: string): string {
  const serial = parseSerialNumber(which);
  if (serial === undefined) {
    throw new TypeError(`Cannot revoke "${which}": no client of this name has a certificate that is still valid`);
  }
  if (/^0x/i.test(which)) return serial;
  throw new TypeError(
    `Cannot revoke "${which}": no certificate made here has this name or serial number; ` +
      `to revoke a serial number all the same, write it as 0x${serial}`,
  );
}
