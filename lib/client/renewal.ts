import { basename, dirname } from "node:path";
import { absolutePath, withoutParents } from "../base/paths.ts";
import { SECRET_FILES } from "../pki/certificate_files.ts";
import type { ClientCredential } from "../pki/find_client.ts";
import { defaultCertsFolder } from "./connection.ts";

/** Describes how a client's certificate is renewed: the command for it, unless it was made elsewhere and mounted here. */
export function describeRenewal({ name, files }: Pick<ClientCredential, "name" | "files">): string {
  const folder = dirname(files.certificate);
  if (basename(files.certificate) === SECRET_FILES.certificate) return "renew it where it was made";
  const usual = defaultCertsFolder();
  const isUsual = usual !== undefined && absolutePath(withoutParents(usual)) === absolutePath(folder);
  return `teleworker certs renew ${name}${isUsual ? "" : ` --certs "${folder}"`}`;
}
