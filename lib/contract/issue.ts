import type { z } from "zod";

/** Why a value is refused, to go on after a colon or a subject: `must be at least 64K`. Of a wrong key in an object, why that is. */
export function describeIssue(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_key" ? issue.issues[0]?.message ?? issue.message : issue.message;
}
