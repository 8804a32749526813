import { type CredentialFiles, pathsOf } from "./credentials.ts";
import { requireOwnFolder } from "./own_folder.ts";

/**
 * Makes sure that nobody but root, our account and a group puts files where the certificates are: who does could put another in a file's
 * place.
 * @throws {Error} that says what to do.
 */
export function requireOwnFolders(files: CredentialFiles): void {
  for (const path of pathsOf(files)) requireOwnFolder(path);
}
