import type { z } from "zod";
import { type Job, jobListSchema, jobSchema, MIN_ID_PREFIX, PROBLEM_TYPE, problemSchema } from "../contract/mod.ts";
import { chunksOf } from "./chunks.ts";
import { CONCURRENT_REQUESTS, mapConcurrently } from "./concurrently.ts";
import type { Connection } from "./connection.ts";
import { ConnectionFailure, Failure, ProblemFailure, UnansweredFailure } from "./failure.ts";
import { describeDamaged } from "./format.ts";
import { free } from "./free.ts";
import { UnansweredError } from "./link.ts";
import { explain, isPermanent } from "./reason.ts";
import { RenewalDue, renewing, SILENCE, type SilenceLimits, SilenceWatch } from "./silence.ts";
import type { TransportRequest } from "./transport.ts";

/** Most bytes of an answer that is read as a whole: several times what the longest page of a list has. */
const MAX_ANSWER_BYTES = 64 * 2 ** 20;

/** What a command does with a job that a user names. */
type Purpose = keyof typeof MIN_ID_PREFIX;

const WHY_TOO_SHORT: Readonly<Record<Purpose, string>> = {
  read: `: of its id at least the first ${MIN_ID_PREFIX.read} characters are required`,
  change: `: to change a job, at least the first ${MIN_ID_PREFIX.change} characters of its id are required`,
};

/** A request to the API. */
export interface ApiRequest {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that its answer may take longer than usual before it is sent again, which a POST must allow for. */
  readonly mayTakeMs?: number;
  /** How often it was sent already, on connections that were given up before an answer had begun. */
  readonly renewals?: number;
}

/** What a command may ask of the daemon. */
export class Api implements Disposable {
  readonly #connection: Connection;
  readonly #silence: SilenceWatch;
  /** Whether the server has answered anything, on any connection. */
  #answered = false;

  /** Takes the connection over, and closes it when disposed. */
  constructor(connection: Connection, limits: SilenceLimits = SILENCE) {
    this.#connection = connection;
    this.#silence = new SilenceWatch(limits, () => this.#probe(limits.probeTimeoutMs));
  }

  /**
   * Sends a request.
   * @throws {ProblemFailure} when the server refuses it.
   * @throws {ConnectionFailure} when it does not come to an answer.
   * @throws {Failure} when it never will.
   */
  async send(path: string, request: ApiRequest = {}): Promise<Response> {
    const { renewals: before = 0 } = request;
    return await renewing((renewals) => this.#sendOnce(path, { ...request, renewals: before + renewals }));
  }

  async #sendOnce(path: string, request: ApiRequest): Promise<Response> {
    const { method = "GET", query = {}, body, headers = {}, signal, renewals = 0 } = request;
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.set(name, String(value));
    }
    const response = await this.#arrival({
      method,
      path: parameters.size === 0 ? path : `${path}?${parameters}`,
      headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      fresh: renewals > 0,
    }, request);
    if (response.ok) return response;
    const problem = await this.#problemOf(response, request.mayTakeMs);
    // The request that we gave up has removed it.
    if (renewals > 0 && method === "DELETE" && problem.problem.status === 404) return new Response(null);
    // For a moment the server may take the connection that we gave up for another follower.
    if (renewals > 0 && problem.problem.status === 429) {
      throw new ConnectionFailure(problem.message, { cause: problem });
    }
    throw problem;
  }

  /** Sends a request and reads its answer in this schema. */
  async ask<T>(path: string, schema: z.ZodType<T>, request?: ApiRequest): Promise<T> {
    const text = await renewing(async (renewals) => {
      return await this.#textOf(await this.#sendOnce(path, { ...request, renewals }), request?.mayTakeMs);
    });
    const answer = schema.safeParse(parseJson(text));
    if (!answer.success) throw this.#notAsAgreed(`${path} is not as agreed`);
    return answer.data;
  }

  /**
   * Finds the job that a user means by an id, the unique beginning of one, or a name.
   * @param purpose whether the job is looked at or changed, for which more of an id is required.
   * @throws {Failure} when there is none, or more than one, or it is damaged.
   */
  async find(reference: string, purpose: Purpose): Promise<Job> {
    const found = await this.#find(reference, purpose);
    if (typeof found.job === "string") throw new Failure(found.job);
    return found.job;
  }

  /** Finds the jobs that a user means by each of these, as {@linkcode find}. */
  async findAll(references: readonly string[], purpose: Purpose): Promise<Job[]> {
    return await mapConcurrently(references, CONCURRENT_REQUESTS, (reference) => this.find(reference, purpose));
  }

  /** Returns the id of the job that {@linkcode find} gives, also of a damaged one. */
  async findId(reference: string, purpose: Purpose): Promise<string> {
    return (await this.#find(reference, purpose)).id;
  }

  /** With what is to be told about it in place of a damaged job. */
  async #find(reference: string, purpose: Purpose): Promise<{ id: string; job: Job | string }> {
    const { jobs, damaged } = await this.ask("/v1/jobs", jobListSchema, { query: { job: reference, limit: 100 } });
    const all = [
      ...jobs.map((job) => ({ id: job.id, name: job.name, owner: job.owner, job })),
      ...damaged.map((job) => ({ id: job.id, name: null, owner: job.owner ?? "nobody", job: describeDamaged(job) })),
    ];
    const named = all.filter(({ name, id }) => name === reference || id === reference);
    const tooShort = reference.length < MIN_ID_PREFIX[purpose];
    const found = named.length > 0 ? named : tooShort ? [] : all;
    const [job] = found;
    if (job === undefined) {
      const hint = tooShort && /^[0-9a-f]+$/i.test(reference) ? WHY_TOO_SHORT[purpose] : "";
      throw new Failure(`There is no job "${reference}"${hint}`);
    }
    if (found.length > 1) {
      throw new Failure(
        `Cannot tell which job "${reference}" is: ${found.map(({ id, owner }) => `${id} of ${owner}`).join(", ")}`,
      );
    }
    return job;
  }

  /** The job as it is now, or once it has ended. */
  async job(id: string, query: { wait?: boolean } = {}, signal?: AbortSignal): Promise<Job> {
    return await this.ask(`/v1/jobs/${id}`, jobSchema, { query, signal });
  }

  /**
   * The bytes of an answer; who leaves the loop over them cancels the rest.
   * @throws {RenewalDue} when the request is to be sent again, for what comes after the bytes that have come.
   * @throws {ConnectionFailure} when the connection breaks.
   */
  chunks(response: Response, longerMs = 0): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    return chunksOf(response, (coming) => this.#silence.wait(coming, longerMs));
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#connection.transport[Symbol.dispose]();
  }

  /** Sends a request and waits for the head of its answer. A connection on which that does not come is closed. */
  async #arrival(request: TransportRequest, asked: ApiRequest): Promise<Response> {
    const late = new AbortController();
    const signal = request.signal === undefined ? late.signal : AbortSignal.any([request.signal, late.signal]);
    try {
      return await this.#silence.wait(this.#send({ ...request, signal }), asked.mayTakeMs, asked.renewals);
    } catch (error) {
      late.abort();
      throw error instanceof RenewalDue ? new RenewalDue(false) : error;
    }
  }

  async #send(request: TransportRequest): Promise<Response> {
    try {
      const response = await this.#connection.transport.send(request);
      this.#answered = true;
      return response;
    } catch (error) {
      if (request.signal?.aborted) throw error;
      throw this.#failureOf(error);
    }
  }

  #failureOf(error: unknown): Failure {
    const { name, shown } = this.#connection;
    const tell = (accepted: boolean) => `Cannot reach the server at "${name}": ${explain(error, shown, accepted)}`;
    const message = tell(this.#answered);
    if (isPermanent(error, shown)) return new Failure(message, { cause: error });
    if (shown === null || !(error instanceof UnansweredError)) return new ConnectionFailure(message, { cause: error });
    return new UnansweredFailure(message, { cause: error, refusal: tell(false) });
  }

  /** Asks the server on a new connection whether it is there. */
  async #probe(timeoutMs: number): Promise<void> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    try {
      const request = { method: "GET", path: "/healthz", headers: {}, signal: late.signal, fresh: true };
      const response = await this.#send(request);
      await response.body?.cancel();
    } catch (error) {
      if (!late.signal.aborted) throw error;
      throw this.#failureOf(new Error(`it did not answer within ${timeoutMs / 1000} seconds`));
    } finally {
      clearTimeout(timer);
    }
  }

  /** A refusal as the server tells it; of who answers otherwise, such as a proxy, only the status. */
  async #problemOf(response: Response, longerMs?: number): Promise<ProblemFailure> {
    const { status, statusText, headers } = response;
    const type = headers.get("content-type")?.split(";")[0]?.trim();
    const text = await this.#textOf(response, longerMs);
    const problem = type === PROBLEM_TYPE ? problemSchema.safeParse(parseJson(text)) : undefined;
    if (problem?.success) return new ProblemFailure(problem.data);
    const { message: title } = this.#notAsAgreed(`it answered ${status} ${statusText}`.trimEnd());
    return new ProblemFailure({ type: "about:blank", title, status });
  }

  /** The body of an answer; no more of it is held in memory than any answer of ours has. */
  async #textOf(response: Response, longerMs = 0): Promise<string> {
    // Not the chunks themselves, which a server can make as small as a byte: each takes hundreds besides.
    let [bytes, length] = [new Uint8Array(64 * 1024), 0];
    for await (const chunk of this.chunks(response, longerMs)) {
      const needed = length + chunk.length;
      if (needed > MAX_ANSWER_BYTES) throw this.#notAsAgreed("its answer is too long");
      if (needed > bytes.length) bytes = new Uint8Array(bytes.buffer.transfer(Math.max(needed, 2 * bytes.length)));
      bytes.set(chunk, length);
      free(chunk);
      length = needed;
    }
    return new TextDecoder().decode(bytes.subarray(0, length));
  }

  #notAsAgreed(why: string): Failure {
    return new Failure(`Cannot understand the server at "${this.#connection.name}": ${why}`);
  }
}

/** What is no JSON is nothing that a schema takes. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
