/** The longest common name, in characters (RFC 5280, appendix A.1, ub-common-name). */
const MAX_COMMON_NAME_LENGTH = 64;

// \p{C} are control, format (bidirectional overrides among them), private and unassigned characters and lone
// surrogates; \p{Z} spaces and separators; \p{DI} what is not shown at all; U+2800 Braille without a dot, which is a symbol to
// Unicode and a space to who sees it. One plain space between words is all that cannot be taken for something else.
const VISIBLE = /^[^\p{C}\p{Z}\p{DI}\u2800]+(?: [^\p{C}\p{Z}\p{DI}\u2800]+)*$/u;

/**
 * Why a common name cannot be the name of a user, as the end of a sentence that begins with "it", or `undefined` if it
 * can: 1 to 64 characters that people can see, in the one form that Unicode has of each (NFC), with at most single spaces
 * between them.
 */
export function commonNameProblem(name: string): string | undefined {
  if (name === "") return "its common name is empty";
  // Characters are at most two UTF-16 units: nobody needs to count those of a name of a megabyte.
  if (name.length > 2 * MAX_COMMON_NAME_LENGTH || [...name].length > MAX_COMMON_NAME_LENGTH) {
    return `its common name has more than ${MAX_COMMON_NAME_LENGTH} characters`;
  }
  if (!VISIBLE.test(name)) return "its common name has characters that cannot be seen or printed";
  // An é may be one character or two, which look the same: only the shorter (UAX #15, NFC) is a name.
  return name === name.normalize("NFC") ? undefined : "its common name is not in Unicode's normalization form NFC";
}

/**
 * Makes sure that a certificate can have this common name.
 *
 * @throws {TypeError} if it cannot.
 */
export function checkCommonName(name: string): void {
  const problem = commonNameProblem(name);
  if (problem !== undefined) throw new TypeError(`Cannot make a certificate for ${JSON.stringify(name)}: ${problem}`);
}
