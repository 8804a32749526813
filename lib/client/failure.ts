import type { Problem } from "../contract/mod.ts";

/** What a user is told when something of Teleworker's own fails; the message is a whole sentence. */
export class Failure extends Error {
  override readonly name: string = "Failure";
  /** What else there is to say, a line each. */
  readonly details: readonly string[] = [];
}

/** The command line makes no sense; nothing was asked of the server. */
export class UsageFailure extends Failure {
  override readonly name = "UsageFailure";
}

/** The server could not be reached, or the connection broke; trying again may help. */
export class ConnectionFailure extends Failure {
  override readonly name: string = "ConnectionFailure";
}

/**
 * The server took our certificate and closed the connection without an answer: it does not accept us, or it is just ending. Only its doing
 * so again and again tells which.
 */
export class UnansweredFailure extends ConnectionFailure {
  override readonly name = "UnansweredFailure";
  /** The sentence once it is taken for a refusal. */
  readonly refusal: string;

  /** Takes the same sentence for both unless `refusal` says more. */
  constructor(message: string, { refusal = message, ...options }: ErrorOptions & { readonly refusal?: string } = {}) {
    super(message, options);
    this.refusal = refusal;
  }
}

/** The server answered with a problem. */
export class ProblemFailure extends Failure {
  override readonly name = "ProblemFailure";

  override readonly details: readonly string[];

  /** `problem` as the server sent it. */
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title);
    const { errors = [] } = problem;
    // A single one is told by the sentence already.
    this.details = errors.length < 2 ? [] : errors.map(({ field, message }) => `${field}: ${message}`);
  }
}
