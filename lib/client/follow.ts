import { OFFSET, type Stream } from "../contract/mod.ts";
import type { Api } from "./api.ts";
import { Failure } from "./failure.ts";
import { free } from "./free.ts";
import { ridingThrough } from "./retry.ts";
import { renewing } from "./silence.ts";
import { copyBytes, flushStreams, prepareStreams } from "./streams.ts";
import { note, tellLoss } from "./terminal.ts";
import { formatSize } from "../contract/units.ts";

/** Which part of a job's output to copy. */
export interface CopyOptions {
  readonly tail?: number | undefined;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/**
 * Copies streams of a job, which was just found, to the same streams here, until all are at their end. The first that fails ends the others:
 * they must not take the end of the connection for a server that is away.
 */
export async function copyOutputs(
  api: Api,
  id: string,
  streams: readonly Stream[],
  options: CopyOptions,
): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal, await prepareStreams(streams)]);
  try {
    await Promise.all(streams.map((stream) => copyOutput(api, id, stream, { ...options, signal })));
  } finally {
    over.abort();
    await flushStreams();
  }
}

/** Copies a stream. After a broken connection it goes on from the byte where it was. */
export async function copyOutput(api: Api, id: string, stream: Stream, options: CopyOptions): Promise<void> {
  const { tail, follow, signal } = options;
  let offset: number | undefined;
  const attempt = async (progress: () => void, renewals: number) => {
    const query = offset === undefined ? { tail, follow } : { offset, follow };
    const response = await api.send(`/v1/jobs/${id}/${stream}`, { query, signal, renewals });
    progress();
    const begin = await offsetOf(response);
    if (begin < (offset ?? 0)) {
      await response.body?.cancel();
      throw new Failure(`Cannot understand the server: it begins at byte ${begin}, before byte ${offset} as asked for`);
    }
    const gone = tail === undefined || offset !== undefined ? begin - (offset ?? 0) : 0;
    if (gone > 0) await note(`${formatSize(gone)} of its ${stream} are gone: only the newest output is kept`);
    offset = begin;
    for await (const chunk of api.chunks(response)) {
      await copyBytes(stream, chunk);
      offset += chunk.length;
      free(chunk);
      progress();
    }
  };
  await ridingThrough((progress) => renewing((renewals) => attempt(progress, renewals)), tellLoss, signal, true);
}

/** At which byte of its stream an answer begins. */
async function offsetOf({ headers, body }: Response): Promise<number> {
  const text = headers.get(OFFSET) ?? "";
  if (/^\d{1,15}$/.test(text)) return Number(text);
  await body?.cancel();
  throw new Failure(`Cannot understand the server: "${text}" is no offset`);
}
