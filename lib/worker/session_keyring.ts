/** The number of keyctl(2), by architecture (asm/unistd.h). */
const KEYCTL = { x86_64: 250n, aarch64: 219n } as const;
/** Of keyctl(2). */
const KEYCTL_JOIN_SESSION_KEYRING = 1n;

/**
 * Gives the process that is started next a session keyring (session-keyring(7)) that nobody else has. Otherwise all jobs would have
 * that of the daemon: who has inherited a keyring can read and change what is in it, whatever account it has become since.
 *
 * A kernel that refuses, such as in a container, has no keys for jobs either. Where jobs have no account but the daemon's they keep
 * its keyring, like everything else of that account.
 * @throws {Error} when the C library cannot be called.
 */
export function joinNewSessionKeyring(): void {
  if (Deno.uid() !== 0) return;
  const libc = Deno.dlopen("libc.so.6", { syscall: { parameters: ["i64", "i64", "pointer"], result: "i64" } });
  // A thread's own; Deno calls libraries and starts processes on the same one.
  libc.symbols.syscall(KEYCTL[Deno.build.arch], KEYCTL_JOIN_SESSION_KEYRING, null);
  libc.close();
}
