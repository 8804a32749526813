import type { NonEmptyString } from "@optique/core/nonempty";
import { choice } from "@optique/core/valueparser";

/** Makes a value parser of one of a few words. */
export const oneOf = <const Word extends string>(words: readonly Word[], metavar: NonEmptyString) =>
  choice(words, {
    metavar,
    errors: {
      invalidChoice: (text) => [{ type: "value", value: text }, {
        type: "text",
        text: `: it must be ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`,
      }],
    },
  });
