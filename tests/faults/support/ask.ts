import type { Https } from "../../support/https.ts";

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Sends a request to a daemon that may be killed meanwhile; null when no whole answer came, or one that says to come again. */
export async function ask(
  https: Https,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<Answer | null> {
  try {
    const response = await https.send(method, path, body, headers);
    const text = await response.text();
    return response.status === 503 ? null : { status: response.status, text };
  } catch {
    return null;
  }
}

/** Lets that many milliseconds pass: faults come at random moments, not at conditions. */
export async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
