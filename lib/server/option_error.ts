import type { z } from "zod";

/** An option as it was given. */
export interface GivenOption {
  readonly flag: string;
  readonly value: unknown;
  /** A good value, as the flag takes it. */
  readonly example: string;
}

/** Says what is wrong with an option, in a sentence with its value, what is expected, and an example. */
export function describeOptionError({ flag, value, example }: GivenOption, issue: z.core.$ZodIssue): string {
  const [, ...field] = issue.path.map(String);
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  const reason = field.length === 0 ? reasonOf(issue, shown) : `"${field.join(".")}" ${issue.message}`;
  return `Cannot use ${flag} "${shown}": ${reason}${reason.includes("such as") ? "" : `, such as ${quote(example)}`}`;
}

function reasonOf(issue: z.core.$ZodIssue, shown: string): string {
  if (issue.code === "unrecognized_keys") return `there is no limit "${issue.keys[0]}"`;
  // What parses a size or a duration says itself what it cannot parse.
  const [, reason = issue.message] = issue.message.split(`"${shown}": `);
  return reason.startsWith("must ") ? `it ${reason}` : reason;
}

/** JSON as a shell takes it. */
function quote(example: string): string {
  return example.includes('"') ? `'${example}'` : `"${example}"`;
}
