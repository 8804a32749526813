import { authorityFiles, revocationFile } from "./certificate_files.ts";
import { authoritiesIn, type IssuedCertificate, listIssued, readIfThere } from "./issued.ts";
import { inFile, tidyPem } from "./pem_file.ts";
import { readCredential } from "./read_credential.ts";
import { readRevocations, type RevocationLists, writeRevocations } from "./revocation_list.ts";
import { parseSerialNumber } from "./serial.ts";
import { openAuthority } from "./signing_authority.ts";
import { takeTurns } from "./take_turns.ts";
import type { Authority } from "./trust.ts";
import { replaceFiles } from "./write_files.ts";

/** What `revoke` did. */
export interface Revoked {
  /** The path of the revocation list. */
  readonly file: string;
  /** The certificates that are revoked by it now. */
  readonly revoked: readonly { readonly serial: string; readonly certificate: IssuedCertificate | undefined }[];
  /** Those that were revoked before. */
  readonly already: readonly {
    readonly serial: string;
    readonly at: Date;
    readonly certificate: IssuedCertificate | undefined;
  }[];
  /**
   * The files that cannot be read, each with its path and why, where they may hold one more certificate of the name; none
   * for a serial number.
   */
  readonly damaged: readonly string[];
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
  const authority = await openAuthority(await readCredential(authorityFiles(folder)));
  using _turn = await takeTurns(folder);
  const file = revocationFile(folder);
  const authorities = await authoritiesIn(folder);
  const lists = await readListsIn(file, authorities);

  const { certificates, damaged } = await listIssued(folder, authorities[0]);
  const chosen = choose(certificates, which);
  const all = chosen.length === 0
    ? [{ serial: unknownSerial(which, damaged), certificate: undefined }]
    : chosen.map((certificate) => ({ serial: certificate.serial, certificate }));
  const revoked = all.filter(({ serial }) => !lists.revocations.has(serial));
  const already = all.flatMap((one) => {
    const at = lists.revocations.get(one.serial);
    return at === undefined ? [] : [{ ...one, at }];
  });
  if (revoked.length > 0) {
    const at = new Date();
    const longer = new Map([...lists.revocations, ...revoked.map(({ serial }) => [serial, at] as const)]);
    await replaceFiles([[file, await writeRevocations({ ...lists, revocations: longer }, authority)]]);
  }
  const bySerial = chosen.length === 0 || chosen.some(({ serial }) => serial === parseSerialNumber(which));
  return { file, revoked, already, damaged: bySerial ? [] : damaged };
}

/**
 * What the authority in a folder has revoked: since when which serial number.
 *
 * @param authorities See `authoritiesIn`.
 * @throws {Error} as `readRevocations` does.
 */
export async function revocationsIn(
  folder: string,
  authorities: readonly Authority[],
): Promise<ReadonlyMap<string, Date>> {
  return (await readListsIn(revocationFile(folder), authorities)).revocations;
}

async function readListsIn(file: string, authorities: readonly Authority[]): Promise<RevocationLists> {
  const text = tidyPem(await readIfThere(file) ?? "");
  return inFile(file, () => readRevocations(text, authorities));
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

function unknownSerial(which: string, damaged: readonly string[]): string {
  const serial = parseSerialNumber(which);
  if (serial === undefined) {
    const reasons = ["no client of this name has a certificate that is still valid", ...damaged];
    throw new TypeError(`Cannot revoke "${which}": ${reasons.join("; ")}`);
  }
  if (/^0x/i.test(which)) return serial;
  throw new TypeError(
    `Cannot revoke "${which}": no certificate made here has this name or serial number; ` +
      `to revoke a serial number all the same, write it as 0x${serial}`,
  );
}
