import { foldersOf } from "./credential_folders.ts";
import { type CredentialFiles, type Credentials, rereadCredentials, timeProblem } from "./credentials.ts";
import { logger } from "./logger.ts";

/** Milliseconds from a change to the look at it: of the files of one change the last may just be on its way. */
const SETTLE = 100;
/** Milliseconds until files that do not fit together are looked at again, before that is told. */
const PATIENCE = 3_000;
/** Milliseconds between looks that need no event, in case one was lost or a folder was replaced. */
const SAFETY_LOOK = 10_000;

/** Watches the files of certificates and tells of every change that is good. */
export class CredentialWatch implements AsyncDisposable {
  readonly #files: CredentialFiles;
  readonly #apply: (credentials: Credentials) => void;
  readonly #watcher: Deno.FsWatcher;
  readonly #watching: Promise<void>;
  #current: Credentials;
  /** The next look, and when it is due. */
  #next: { readonly timer: ReturnType<typeof setTimeout>; readonly due: number } | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;
  /** What was wrong at the last look, since when, and whether the log says so. */
  #problem = { text: "", since: 0, told: false };
  /** What is wrong with the time of the server's certificate, as the log has said. */
  #time = "";
  /** The time that the lists of revoked certificates are good for, once the log has said that it is over. */
  #stale: number | undefined;
  /** The authorities whose lists are not used, as the log has said. */
  #foreign = "";

  /** `current` is what the files held; `apply` is told what they hold then. */
  constructor(files: CredentialFiles, current: Credentials, apply: (credentials: Credentials) => void) {
    this.#files = files;
    this.#current = current;
    this.#apply = apply;
    this.#watcher = Deno.watchFs(foldersOf(files), { recursive: false });
    this.#watching = this.#watch();
    this.look();
  }

  /** Looks at the files in so many milliseconds, or earlier. */
  look(delay = SETTLE): void {
    const due = performance.now() + delay;
    if (this.#closed || (this.#next !== undefined && this.#next.due <= due)) return;
    clearTimeout(this.#next?.timer);
    const timer = setTimeout(() => {
      this.#next = undefined;
      this.#looking = this.#look().catch((error) => {
        logger.error("Cannot look at the certificates: {error}", { error });
        this.look(SAFETY_LOOK);
      });
    }, delay);
    this.#next = { timer, due };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#next?.timer);
    this.#watcher.close();
    await Promise.all([this.#watching, this.#looking]);
  }

  async #watch(): Promise<void> {
    try {
      // Our own reading is an "access", too.
      for await (const { kind } of this.#watcher) if (kind !== "access") this.look();
    } catch (error) {
      logger.error("Cannot watch the certificates, and look every few seconds: {error}", { error });
    }
  }

  async #look(): Promise<void> {
    // A change that comes while this reads begins a later look, which waits for this one.
    await this.#looking;
    const problems: string[] = [];
    const found = await rereadCredentials(this.#files, this.#current, (error) => {
      problems.push(error instanceof Error ? error.message : String(error));
    });
    const { ca, certificate, key, crl } = this.#current;
    const changed = [
      ...(found.certificate === certificate && found.key === key ? [] : ["the server's certificate"]),
      ...(found.ca === ca ? [] : ["the authorities"]),
      ...(found.crl === crl ? [] : ["the revoked certificates"]),
    ];
    if (changed.length > 0 && !this.#closed) {
      this.#current = found;
      this.#apply(found);
      logger.info("Took in a change of {what}", { what: changed.join(" and ") });
    }
    this.#tellTime();
    this.#tellStale();
    this.#tellForeign();
    this.look(this.#tell(problems.join("; ")) ? PATIENCE : SAFETY_LOOK);
  }

  /** Says what is wrong, once, and not at first sight. Gives whether it is to be looked at again soon. */
  #tell(problem: string): boolean {
    const now = performance.now();
    if (problem !== this.#problem.text) {
      if (problem === "" && this.#problem.told) logger.info("The certificates are good again");
      this.#problem = { text: problem, since: now, told: false };
    } else if (problem !== "" && !this.#problem.told && now - this.#problem.since >= PATIENCE) {
      logger.error("Refused a change of the certificates, the old ones stay: {problem}", { problem });
      this.#problem.told = true;
    }
    return problem !== "" && !this.#problem.told;
  }

  #tellTime(): void {
    const problem = timeProblem(this.#current.certificate) ?? "";
    if (problem !== "" && problem !== this.#time) {
      logger.warn("Clients will refuse the server's certificate: {problem}", { problem });
    }
    this.#time = problem;
  }

  #tellStale(): void {
    const time = this.#current.authorities.nextUpdate;
    if (time === undefined || time.getTime() > Date.now() || time.getTime() === this.#stale) return;
    logger.warn("The list of revoked certificates should have been replaced by {time}; it stays in force", {
      time: time.toISOString(),
    });
    this.#stale = time.getTime();
  }

  #tellForeign(): void {
    const issuers = this.#current.authorities.foreignLists.join(", ");
    if (issuers !== "" && issuers !== this.#foreign) {
      logger.warn("Did not use lists of revoked certificates of authorities that are not trusted: {issuers}", {
        issuers,
      });
    }
    this.#foreign = issuers;
  }
}
