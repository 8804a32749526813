/** Of fcntl(2), on Linux. */
const F_SETFD = 2;
const FD_CLOEXEC = 1;
/** Of open(2), as the `flags` line of proc_pid_fdinfo(5) has it. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Keeps from every job what this process was itself started with: all descriptors but 0, 1 and 2 are closed in the processes that
 * it starts from now on. Deno's own are so from the beginning, and Deno has no call for those of others.
 * @throws {Error} when the C library cannot be called.
 */
export function keepDescriptorsFromJobs(): void {
  const inherited = findInheritedDescriptors();
  if (inherited.length === 0) return;
  const libc = Deno.dlopen("libc.so.6", { fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" } });
  for (const descriptor of inherited) libc.symbols.fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  libc.close();
}

function findInheritedDescriptors(): number[] {
  return [...Deno.readDirSync("/proc/self/fdinfo")].map(({ name }) => Number(name)).filter((descriptor) =>
    descriptor > 2 && (flagsOf(descriptor) & CLOSE_ON_EXEC) === 0
  );
}

function flagsOf(descriptor: number): number {
  try {
    const text = Deno.readTextFileSync(`/proc/self/fdinfo/${descriptor}`);
    return parseInt(/^flags:\s*([0-7]+)$/m.exec(text)?.[1] ?? "0", 8);
  } catch (error) {
    // The one by which the folder was listed is closed by now.
    if (error instanceof Deno.errors.NotFound) return CLOSE_ON_EXEC;
    throw error;
  }
}
