/** The name of whoever comes by the daemon's Unix socket; no certificate with it is accepted. */
export const LOCAL_NAME = "local";
/** The name of the daemon itself in the audit log; likewise. */
export const DAEMON_NAME = "teleworkerd";

/** What cannot lead out of a folder, hide a file or look like an option. */
const FILE_NAME = /^[A-Za-z0-9_@][A-Za-z0-9._@-]{0,63}$/;

/** Whether a client can have this name where its certificate is a file; see `parseClientName`. */
export function isClientName(name: string): boolean {
  // client-alice-key.pem is the key of alice, and would be the certificate of alice-key.
  return FILE_NAME.test(name) && !name.endsWith("-key");
}

/**
 * Makes sure that a client's name can be part of the names of its files.
 *
 * @returns The name.
 * @throws {TypeError} unless it is 1 to 64 of the characters `A-Z a-z 0-9 . _ @ -`, starts with neither `.` nor `-` and
 * does not end with `-key`.
 */
export function parseClientName(name: string): string {
  if (isClientName(name)) return name;
  throw new TypeError(
    `Cannot use client name ${JSON.stringify(name)}: ` +
      "1 to 64 letters, digits and . _ @ - are needed, no . or - at the start and no -key at the end",
  );
}

/**
 * Makes sure that a daemon accepts certificates with a client's name.
 *
 * @throws {TypeError} if the name is one that the daemon keeps for itself.
 */
export function checkNotReserved(name: string): void {
  const holder = { [LOCAL_NAME]: "whoever uses its Unix socket", [DAEMON_NAME]: "itself" }[name];
  if (holder === undefined) return;
  throw new TypeError(
    `Cannot make a certificate for client "${name}": no daemon accepts this name, which stands for ${holder}; choose another`,
  );
}
