import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import { oneOf } from "../../base/one_of.ts";
import { eachText, repeated } from "../../base/join_repeated.ts";

/** `teleworker completion`. */
export const completionCommand = command(
  "completion",
  object({
    verb: constant("completion"),
    shell: argument(oneOf(["bash", "zsh", "fish"], "SHELL"), {
      description: message`bash, zsh or fish.`,
    }),
    // What the script asks with: all words of the command line up to the cursor but the first, behind --.
    words: repeated(argument(eachText(string({ metavar: "WORD" })), { hidden: true })),
  }),
  {
    brief: message`Print a script by which a shell completes verbs, flags and jobs.`,
    description:
      message`In ~/.bashrc: eval "$(teleworker completion bash)"; in ~/.zshrc, after compinit: eval "$(teleworker completion zsh)".`,
    footer: message`Example: teleworker completion fish > ~/.config/fish/completions/teleworker.fish`,
  },
);

/** What `teleworker completion` was asked for. */
export type CompletionFlags = InferValue<typeof completionCommand>;
