import { findWeakDirectory } from "../../base/trusted_path.ts";
import { type CredentialFiles, pathsOf } from "./credentials.ts";

/**
 * Makes sure, before the certificates are read, that nobody but root, our account, the owners of their directories and a group can put
 * others in their place, and a list of revoked certificates where there is none.
 * @throws {Error} that says what to do.
 */
export function requireOwnFolders(files: CredentialFiles): void {
  for (const path of pathsOf(files)) {
    const weak = findWeakDirectory(path);
    if (weak !== undefined) throw new Error(`Cannot use the certificates in "${weak.directory}": ${weak.reason}`);
  }
}
