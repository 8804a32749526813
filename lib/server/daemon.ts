import { logger } from "./log/logger.ts";
import { VERSION } from "../about/version.ts";
import { absolutePath } from "../base/paths.ts";
import { openFilesLimit, reapOrphans, Worker } from "../worker/mod.ts";
import { createApp } from "./app.ts";
import { Audit } from "./log/audit.ts";
import { CredentialWatch } from "./credentials/credential_watch.ts";
import { requireOwnFolders } from "./credentials/credential_folders.ts";
import { credentialFiles, readCredentials } from "./credentials/credentials.ts";
import { FewAtOnce } from "./few_at_once.ts";
import { Followers } from "./followers.ts";
import type { Options } from "./options.ts";
import { formatAddress } from "./transport/listen_error.ts";
import { TIMEOUTS } from "./transport/timeouts.ts";
import { TlsListener } from "./transport/tls_listener.ts";
import { UnixListener } from "./transport/unix_listener.ts";

/** Starts of one client that are under way at once: as many as keep two CPUs busy, and hold up others' requests by a millisecond. */
const STARTS_OF_ONE = 4;
/**
 * A start that takes long is one that hangs, as in a folder of a file server that is gone: it takes no time from others, but one of the
 * threads on which Deno waits for files, of which there are 32 for all.
 */
const HANGING_STARTS = { after: 1_000, most: 4 };
/** Lists of one client that are under way at once: each more holds up others' requests by fifty milliseconds. */
const LISTS_OF_ONE = 1;
/** Searches for last lines of one client that are under way at once: each more holds up others' requests by a millisecond. */
const SEARCHES_OF_ONE = 2;

/** What a connection can take of the memory, a body or a long answer on its way; an idle one takes a hundredth of it. */
const CONNECTION_BYTES = 4 * 2 ** 20;

/**
 * Runs the daemon until the signal: the worker, then the roads to it. What began last ends first; jobs are left running.
 * @param ready is told the address, once it can be used.
 */
export async function runDaemon(
  options: Options,
  ready: (address: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const stateFolder = absolutePath(options.stateDir);
  const files = credentialFiles(options);
  if (files !== null) requireOwnFolders(files);
  const credentials = files === null ? null : await readCredentials(files);
  if (credentials === null && options.socket === undefined) {
    throw new Error("Cannot listen: name the certificates with --certs, or a local socket with --socket");
  }
  // Sockets are open to their owner only from the moment they are made, and so is every file.
  Deno.umask(0o077);
  await using stack = new AsyncDisposableStack();
  stack.use(reapOrphans());
  // Before the worker, which tells it what it does, also of what it finds at once.
  const audit = stack.use(new Audit(options));
  stack.use(onHangup(() => audit.reopen()));
  const { cgroupRoot, maxJobs, defaultLimits, maxLimits } = options;
  const worker = await Worker.begin({
    stateFolder,
    cgroupRoot,
    maxJobs,
    maxJobsPerOwner: options.maxJobsPerOwner,
    defaultLimits,
    maxLimits,
    outputMaxBytes: options.outputMax,
    keep: { seconds: options.keepFor, jobs: options.keepJobs, bytes: options.keepBytes },
    onAction: (action) => audit.acted(action),
  });
  stack.use(worker);
  const followers = new Followers(options.maxFollowers);
  const starts = new FewAtOnce(STARTS_OF_ONE, HANGING_STARTS);
  const [lists, searches] = [new FewAtOnce(LISTS_OF_ONE), new FewAtOnce(SEARCHES_OF_ONE)];
  const answer = createApp({ worker, audit, followers, starts, lists, searches });
  const { cgroups } = worker;
  logger.info("Version {version} on cgroups {mode}: {controllers}", { version: VERSION, ...cgroups });

  let address = `unix:${options.socket}`;
  const most = maxConnections(options.socket !== undefined);
  if (options.socket !== undefined) {
    stack.use(
      await UnixListener.listen(absolutePath(options.socket), { answer, audit, timeouts: TIMEOUTS }, most.unix),
    );
  }
  if (files !== null && credentials !== null) {
    const listener = stack.use(
      await TlsListener.listen({
        ...{ ...options.listen, credentials, answer, audit },
        ...{ maxConnections: most.tls, maxHandshakes: most.handshakes, maxConnectionsOfOne: most.ofOne },
      }),
    );
    const watch = stack.use(new CredentialWatch(files, credentials, (renewed) => listener.renew(renewed)));
    stack.use(onHangup(() => watch.read()));
    address = `https://${formatAddress({ ...options.listen, port: listener.port })}`;
  }
  ready(address);
  const ending = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
  await Promise.race([worker.adopted.then(() => ending), ending]);
  // The kernel kills all others in the PID namespace of its first process (pid_namespaces(7)).
  logger.info(Deno.pid === 1 ? "Ending; this is PID 1, and its jobs end with it" : "Ending; jobs go on");
  // Before the roads are, for they wait until every answer is out, and followers end only with the worker.
  worker.close();
}

/** Calls at every SIGHUP, until it is disposed of. */
function onHangup(call: () => void): Disposable {
  Deno.addSignalListener("SIGHUP", call);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGHUP", call) };
}

/**
 * How many connections there may be: each may take two descriptors, and a third of all is for the rest. One road cannot take what
 * is the other's, so that the owner gets in when the network is full. A quarter of the network's road is for handshakes, and one address
 * can have all of it, which may be that of a whole site whose clients all come back at once. One client can have what a quarter of the
 * host's memory is enough for.
 */
function maxConnections(bothRoads: boolean): { tls: number; unix: number; handshakes: number; ofOne: number } {
  const all = Math.max(16, Math.floor(openFilesLimit() / 3));
  const unix = bothRoads ? Math.floor(all / 4) : 0;
  const tls = all - unix;
  const ofOne = Math.max(16, Math.floor(Deno.systemMemoryInfo().total / 4 / CONNECTION_BYTES));
  return { tls, unix, handshakes: Math.floor(tls / 4), ofOne };
}
