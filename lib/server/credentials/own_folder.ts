import { findWeakDirectory } from "../../base/trusted_path.ts";

/**
 * Makes sure that nobody but root, our account and a group can put another file in the place of one of the certificates.
 * @throws {Error} that says what to do.
 */
export function requireOwnFolder(path: string): void {
  const weak = findWeakDirectory(path);
  if (weak !== undefined) throw new Error(`Cannot use the certificates in "${weak.directory}": ${weak.reason}`);
}
