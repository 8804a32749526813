// ptrace(2) for User-Mode Linux on processors with AMX: LD_PRELOAD it.
//
// Linux takes the extended state of a process only whole (xstateregs_set in arch/x86/kernel/fpu/regset.c: EFAULT otherwise), and AMX makes
// that larger than the buffer of User-Mode Linux before 6.12. What lies beyond the buffer keeps the value that the process has.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef long (*ptrace_function)(int, pid_t, void *, void *);

long ptrace(enum __ptrace_request request, ...) {
  va_list arguments;
  va_start(arguments, request);
  pid_t pid = va_arg(arguments, pid_t);
  void *address = va_arg(arguments, void *);
  void *data = va_arg(arguments, void *);
  va_end(arguments);
  static ptrace_function next;
  if (!next) next = (ptrace_function)dlsym(RTLD_NEXT, "ptrace");
  if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE) {
    static __thread char state[64 * 1024];
    struct iovec whole = {state, sizeof state};
    const struct iovec *given = data;
    if (next(PTRACE_GETREGSET, pid, address, &whole) == 0 && given->iov_len < whole.iov_len) {
      memcpy(state, given->iov_base, given->iov_len);
      return next(request, pid, address, &whole);
    }
  }
  return next(request, pid, address, data);
}
