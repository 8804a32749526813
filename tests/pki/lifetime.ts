import { X509Certificate } from "node:crypto";

const DAY = 24 * 60 * 60 * 1000;

/** From when until when a certificate is valid, in milliseconds since 1970, and for how many days. */
export function lifetime(certificatePem: string): { from: number; until: number; days: number } {
  const { validFromDate, validToDate } = new X509Certificate(certificatePem);
  const [from, until] = [validFromDate.getTime(), validToDate.getTime()];
  return { from, until, days: (until - from) / DAY };
}
