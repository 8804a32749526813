import { z } from "zod";

const lineSchema = z.strictObject({
  time: z.iso.datetime(),
  event: z.enum(["decision", "outcome", "handshake", "closed", "omitted"]),
  allowed: z.boolean(),
  route: z.string().nullable().optional(),
  job: z.string().optional(),
  owner: z.string().optional(),
  status: z.int().optional(),
  reason: z.string().optional(),
  name: z.string().optional(),
  role: z.string().optional(),
  serial: z.string().nullable().optional(),
  subject: z.string().optional(),
  peer: z.string().optional(),
  command: z.string().optional(),
  args: z.array(z.string()).optional(),
  argsHash: z.string().optional(),
  count: z.int().optional(),
  since: z.iso.datetime().optional(),
});
/** A line of the audit log. */
export type AuditLine = z.infer<typeof lineSchema>;

/** The lines of an audit log in this text, each of which must be one. */
export function parseAuditLines(text: string): AuditLine[] {
  return text.split("\n").filter((line) => line !== "").map((line) => lineSchema.parse(JSON.parse(line)));
}

/** The lines of the audit log in this file. */
export async function auditLines(path: string): Promise<AuditLine[]> {
  return parseAuditLines(await Deno.readTextFile(path));
}
