import text from "./third_party_licenses.txt" with { type: "text" };

/** The licences of what the binaries carry, the packages and Deno; `deno task licenses` writes the file. */
export const THIRD_PARTY_LICENSES: string = text.trimEnd();
