import { dirname } from "node:path";
import { absolutePath } from "../../base/paths.ts";
import { type CredentialFiles, pathsOf } from "./credentials.ts";

/**
 * Makes sure that nobody but the owner and the group of each folder of certificates puts files there: who does could
 * put another in a file's place.
 * @throws {Error} that says what to do.
 */
export function requireOwnFolders(files: CredentialFiles): void {
  for (const folder of foldersOf(files)) {
    const { mode } = Deno.statSync(folder);
    if (mode === null || (mode & 0o002) === 0) continue;
    throw new Error(`Cannot use the certificates in "${folder}": others can write there; run: chmod o-w "${folder}"`);
  }
}

/** The folders of the files, those that are there. */
function foldersOf(files: CredentialFiles): string[] {
  const folders = pathsOf(files).map((file) => dirname(absolutePath(file)));
  return [...new Set(folders)].filter((folder) => {
    try {
      return Deno.statSync(folder).isDirectory;
    } catch {
      // That of the lists need not be there.
      return false;
    }
  });
}
