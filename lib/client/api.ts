import type { z } from "zod";
import { type Job, jobListSchema, jobSchema, MIN_ID_PREFIX, PROBLEM_TYPE, problemSchema } from "../contract/mod.ts";
import { chunksOf } from "./chunks.ts";
import { CONCURRENT_REQUESTS, mapConcurrently } from "./concurrently.ts";
import type { Connection } from "./connection.ts";
import { ConnectionFailure, Failure, ProblemFailure } from "./failure.ts";
import { describeDamaged } from "./format.ts";
import { free } from "./free.ts";
import { explain } from "./reason.ts";
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
}

/** What a command may ask of the daemon. */
export class Api implements Disposable {
  readonly #connection: Connection;

  /** Takes the connection over, and closes it when disposed. */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Sends a request.
   * @throws {ProblemFailure} when the server refuses it.
   * @throws {ConnectionFailure} when it does not come to an answer.
   */
  async send(
    path: string,
    { method = "GET", query = {}, body, headers = {}, signal }: ApiRequest = {},
  ): Promise<Response> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.set(name, String(value));
    }
    const response = await this.#send({
      method,
      path: parameters.size === 0 ? path : `${path}?${parameters}`,
      headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
    if (response.ok) return response;
    throw await this.#problemOf(response);
  }

  /** Sends a request and reads its answer in this schema. */
  async ask<T>(path: string, schema: z.ZodType<T>, request?: ApiRequest): Promise<T> {
    const answer = schema.safeParse(parseJson(await this.#textOf(await this.send(path, request))));
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

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#connection.transport[Symbol.dispose]();
  }

  async #send(request: TransportRequest): Promise<Response> {
    try {
      return await this.#connection.transport.send(request);
    } catch (error) {
      if (request.signal?.aborted) throw error;
      const { name, shown } = this.#connection;
      throw new ConnectionFailure(`Cannot reach the server at "${name}": ${explain(error, shown)}`, { cause: error });
    }
  }

  /** A refusal as the server tells it; of who answers otherwise, such as a proxy, only the status. */
  async #problemOf(response: Response): Promise<ProblemFailure> {
    const { status, statusText, headers } = response;
    const type = headers.get("content-type")?.split(";")[0]?.trim();
    const text = await this.#textOf(response);
    const problem = type === PROBLEM_TYPE ? problemSchema.safeParse(parseJson(text)) : undefined;
    if (problem?.success) return new ProblemFailure(problem.data);
    const { message: title } = this.#notAsAgreed(`it answered ${status} ${statusText}`.trimEnd());
    return new ProblemFailure({ type: "about:blank", title, status });
  }

  /** The body of an answer; no more of it is held in memory than any answer of ours has. */
  async #textOf(response: Response): Promise<string> {
    // Not the chunks themselves, which a server can make as small as a byte: each takes hundreds besides.
    let [bytes, length] = [new Uint8Array(64 * 1024), 0];
    for await (const chunk of chunksOf(response)) {
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
