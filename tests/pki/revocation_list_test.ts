import { deepEqual, equal, throws } from "../support/assert.ts";
import { createAuthority } from "../../lib/pki/authority.ts";
import type { Credential } from "../../lib/pki/credential.ts";
import { readRevocationLists } from "../../lib/pki/crl.ts";
import { readRevocations, writeRevocations } from "../../lib/pki/revocation_list.ts";
import { openAuthority } from "../../lib/pki/signing_authority.ts";
import { parseAuthorities } from "../../lib/pki/trust.ts";

const SINCE = new Date("2026-01-02T03:04:05Z");

async function listOf(authority: Credential, serial: string, others: readonly string[] = []): Promise<string> {
  const lists = { revocations: new Map([[serial, SINCE]]), number: 0n, others };
  return await writeRevocations(lists, await openAuthority(authority));
}

Deno.test("readRevocations tells the first authority's list from those of the others, which it keeps as they are", async () => {
  const [own, other, gone] = [await createAuthority(), await createAuthority(), await createAuthority()];
  const [others, foreign] = [await listOf(other, "0a"), await listOf(gone, "b")];
  const authorities = parseAuthorities(own.certificatePem + other.certificatePem);
  const pem = await listOf(own, "ff", [others, foreign]);
  const read = readRevocations(pem, authorities);
  deepEqual(read.revocations, new Map([["ff", SINCE]]));
  deepEqual(read.others, [others, foreign]);
  equal(read.number, readRevocationLists(pem)[0]?.number);
  equal(readRevocations("", authorities).number, 0n);
  deepEqual(readRevocations(pem, authorities.toReversed()).revocations, new Map([["a", SINCE]]));
});

Deno.test("writeRevocations raises the number of a list, by the clock or by one", async () => {
  const authority = await createAuthority();
  const authorities = parseAuthorities(authority.certificatePem);
  const before = readRevocations(await listOf(authority, "1"), authorities);
  equal(before.number >= BigInt(Math.floor(Date.now() / 1000)) - 60n, true);
  const far = { ...before, number: 2n ** 63n };
  const after = readRevocations(await writeRevocations(far, await openAuthority(authority)), authorities);
  deepEqual(after, { ...before, number: 2n ** 63n + 1n });
});

Deno.test("readRevocations refuses what is no list", async () => {
  const { certificatePem } = await createAuthority();
  throws(() => readRevocations(certificatePem, parseAuthorities(certificatePem)), {
    name: "SyntaxError",
    message: 'Cannot read revocation list: "CERTIFICATE" is no revocation list',
  });
});
