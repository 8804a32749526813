import { type CredentialFiles, type Credentials, pathsOf, rereadCredentials, timeProblem } from "./credentials.ts";
import { describeExpiring } from "./expiry.ts";
import { logger } from "../log/logger.ts";

/** Milliseconds between two looks whether the files are others; they are read once two looks found the same. */
const LOOK = 200;
/** Milliseconds until files that do not fit together are read again, before that is told. */
const PATIENCE = 3_000;
/** Milliseconds between two readings whatever the files look like, also for the sake of the clock. */
const READ = 10_000;

/**
 * Watches the files of certificates and tells of every change that is good.
 *
 * By their times and inodes, and not by `Deno.watchFs`: that of Deno 2.9 opens whatever appears in a folder to compare it with what
 * is watched, so that a FIFO stops it for ever, and the end of the daemon with it. It does not see changes of network file systems
 * either, nor a folder that takes the place of another, behind a link.
 */
export class CredentialWatch implements AsyncDisposable {
  readonly #files: CredentialFiles;
  readonly #apply: (credentials: Credentials) => void;
  #current: Credentials;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;
  /** What the files looked like at the last look, and when they were read. */
  #stamps = { seen: "", read: "" };
  /** When they are to be read again. */
  #due = 0;
  /** What was wrong at the last reading, since when, and whether the log says so. */
  #problem = { text: "", since: 0, told: false };
  /** The time that the lists of revoked certificates are good for, once the log has said that it is over. */
  #stale: number | undefined;
  /** What is the matter with each that the log has warned of, by the warning. */
  readonly #warned = new Map<string, string>();

  /** `current` is what the files held; `apply` is told what they hold then. */
  constructor(files: CredentialFiles, current: Credentials, apply: (credentials: Credentials) => void) {
    this.#files = files;
    this.#current = current;
    this.#apply = apply;
    this.#lookIn(0);
  }

  /** Reads the files at once, whatever they look like. */
  read(): void {
    this.#due = 0;
    this.#lookIn(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #lookIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#looking.then(() => this.#look())
        .catch((error) => logger.error("Cannot look at the certificates: {error}", { error }))
        .finally(() => this.#lookIn(LOOK));
    }, milliseconds);
  }

  async #look(): Promise<void> {
    const stamps = await stampsOf(this.#files);
    const settled = stamps === this.#stamps.seen;
    this.#stamps.seen = stamps;
    if (performance.now() < this.#due && (!settled || stamps === this.#stamps.read)) return;
    // What changes while they are read is read again.
    this.#stamps.read = stamps;
    await this.#read();
  }

  async #read(): Promise<void> {
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
    this.#warnOf(this.#current);
    this.#tellStale();
    this.#due = performance.now() + (this.#tell(problems.join("; ")) ? PATIENCE : READ);
  }

  /** Says what is wrong, once, and not at first sight. Gives whether it is to be read again soon. */
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

  #warnOf(credentials: Credentials): void {
    const { certificate, authorities } = credentials;
    this.#warn("Clients will refuse the server's certificate: {problem}", { problem: timeProblem(certificate) ?? "" });
    this.#warn("Replace in time: {expiring}", { expiring: describeExpiring(credentials, this.#files).join("; ") });
    this.#warn("Nobody gets in by authorities that are not valid: {authorities}", {
      authorities: authorities.notValid(new Date()).join("; "),
    });
    this.#warn("Did not use lists of revoked certificates of authorities that are not trusted: {issuers}", {
      issuers: authorities.foreignLists.join(", "),
    });
  }

  /**
   * Warns of what is the matter, which the one property tells and is empty for nothing: once, and again when it is another, such as a number
   * of days that is less every day.
   */
  #warn(message: string, properties: Readonly<Record<string, string>>): void {
    const what = Object.values(properties).join();
    if (what !== "" && what !== this.#warned.get(message)) logger.warn(message, properties);
    this.#warned.set(message, what);
  }

  #tellStale(): void {
    const time = this.#current.authorities.nextUpdate;
    if (time === undefined || time.getTime() > Date.now() || time.getTime() === this.#stale) return;
    logger.warn("The list of revoked certificates should have been replaced by {time}; it stays in force", {
      time: time.toISOString(),
    });
    this.#stale = time.getTime();
  }
}

/** What changes with each replacement of a file and each writing to it, down to the kernel's clock tick. */
async function stampsOf(files: CredentialFiles): Promise<string> {
  const stamps = pathsOf(files).map(async (file) => {
    try {
      const { dev, ino, size, mode, ctime } = await Deno.stat(file);
      return [dev, ino, size, mode, ctime?.getTime()].join();
    } catch (error) {
      return error instanceof Error ? error.name : String(error);
    }
  });
  return (await Promise.all(stamps)).join(" ");
}
