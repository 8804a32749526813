#!/bin/sh
# The life of one job, outside the daemon and outside the job's cgroup.
#
#   runner.sh CWD COMMAND [ARG]...
#
# In the environment: TELEWORKER_JOB (its folder), TELEWORKER_OUTPUT (its logs, less the ending), TELEWORKER_DOORBELL,
# TELEWORKER_SCRIPTS (the folder of this file), TELEWORKER_CGROUPS and TELEWORKER_USAGE (folders to enter and files to keep, separated
# by blanks), TELEWORKER_OPEN_FILES (soft limit of open files, if the prefix sets none), TELEWORKER_PREFIX (prlimit, setpriv), TELEWORKER_OWNER
# (uid of the job's user, if not ours), TELEWORKER_OUTPUT_MAX and TELEWORKER_SLICE (see drain.sh), TELEWORKER_TOKEN (see exec.sh), TELEWORKER_ENV_COUNT and
# TELEWORKER_ENV_<n> (the job's own environment, its PATH first). On stdout one line, "started", once the program is about to run.
#
# Nothing of the user's is ever parsed by this shell: the command travels as "$@".
set -uf
umask 077
. "$TELEWORKER_SCRIPTS/drain.sh"
. "$TELEWORKER_SCRIPTS/group.sh"
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd "$TELEWORKER_JOB" || exit

# Field 22 of proc_pid_stat(5), as words after the command's name; that name may hold blanks, so it is cut off before.
start_time() { shift 19; start_time=$1; }
read -r stat </proc/self/stat
start_time ${stat##*) }
read -r boot_id </proc/sys/kernel/random/boot_id

# O_EXCL decides between this runner and a new daemon that gives the job up for lost: whoever makes the file goes on.
set -C
exec 9>runner.json
set +C
# On a full disk the claim is taken back, lest it stay without a name.
printf '{"format":1,"pid":%s,"startTime":%s,"bootId":"%s"}\n' $$ "$start_time" "$boot_id" >&9 || { rm -f runner.json; exit; }
exec 9>&-

# Lines go into the record unread: no line of the kernel's or of the drains needs escaping, and one parser is enough.
lines() {
  separator=''
  while read -r line; do
    printf '%s"%s"' "$separator" "$line"
    separator=,
  done <"$1"
}
record() {
  printf '{"format":1,"exitCode":%s,"signal":%s,"failure":%s,"stopped":%s,"timedOut":%s,"uptime":%s,"bootId":"%s","gaps":[' \
    "$exit_code" "$signal" "$failure" "$stopped" "$timed_out" "$uptime" "$boot_id" || return
  [ ! -e gaps ] || lines gaps || return
  printf '],"detail":"%s","usage":{' "$detail" || return
  comma=''
  for file in $TELEWORKER_USAGE; do
    # Somebody else may have removed the group: what it used is unknown then, but the job has ended all the same.
    [ -e "$file" ] || continue
    printf '%s"%s":[' "$comma" "${file##*/}" && lines "$file" && printf ']' || return
    comma=,
  done
  printf '}}\n'
}
# Until it is known better: what stands in the record if not even the program's process can be made.
exit_code=null signal=null failure='"fork"' stopped=false timed_out=false stdout_drain='' stderr_drain='' detail=''
read -r uptime rest </proc/uptime

# When the host has no process left a shell leaves. This one does through this trap, and becomes the rename of its record itself.
leave() {
  # First, for bash does not come back from its next command until the last process that it could make has ended: a drain.
  exec 3>&- 4>&-
  wait $stdout_drain $stderr_drain
  record >ended.json.new && exec mv ended.json.new ended.json
}
trap 'leave 2>/dev/null' EXIT

# Pipes, not the logs themselves: a program that opens /dev/stderr for writing would truncate a regular file.
mkfifo -m 600 stdout.fifo stderr.fifo stdout.copied stderr.copied step || { trap - EXIT; exit; }
# Opened for both ends first, for an open of one end waits for the other: nothing hangs if this shell is killed here.
exec 9<>stdout.fifo 7<stdout.fifo 3>stdout.fifo 9<>stderr.fifo 8<stderr.fifo 4>stderr.fifo 9>&- 5>&1 >/dev/null
# Not before: a root without CAP_DAC_OVERRIDE may not open what is another account's.
[ -z "$TELEWORKER_OWNER" ] || chown "$TELEWORKER_OWNER" stdout.fifo stderr.fifo || { trap - EXIT; exit; }
drain stdout 2>/dev/null &
stdout_drain=$!
{ exec 7<&8 && drain stderr; } 2>/dev/null &
stderr_drain=$!
exec 7<&- 8<&-

# A shell's own `wait` says 137 both for `exit 137` and for SIGKILL. setsid(1) tells them apart: after a signal it complains on
# its stderr, for which a full disk has no place, and exits with the raw wait status. In the foreground, for a shell starts what
# runs behind it with SIGINT ignored.
exec 9<>step 6<step
printf '%s\n' fork record cgroup limits cwd program environment exec >&9 || exit
exec 9>&-
said=$(LC_ALL=C setsid --fork --wait sh "$TELEWORKER_SCRIPTS/launch.sh" "$@" 2>&1 >/dev/null)
status=$?
exec 3>&- 4>&-
read -r uptime rest </proc/uptime

exit_code=$status failure=null failed=''
# The first step that is left is the one that it came to. Once the launch is its user's, another process of that user can take this end
# of the pipe from it (pidfd_getfd(2)): with a file it could move it back, and a job that ran would have failed; from a pipe it can only
# take more lines off. Nobody but us may open the other end.
read -r step <&6
exec 6<&-
case $step in fork | record | cgroup | limits | cwd | program | environment) failed=1 ;; *) step=exec ;; esac
case $said in *"did not exit normally"*) exit_code=null signal=$((status & 127)) failed='' ;; esac
# A user's stop counts only while the program runs; from here on it is too late to be the cause.
[ ! -e stop.json ] || stopped=true
[ ! -e timeout.json ] || timed_out=true

# What is left of the job goes with its main process, but for the grace of a stop, which is for all of it: then it ends with the last.
{
  if [ "$stopped$timed_out" != falsefalse ]; then
    await_left
    read -r uptime rest </proc/uptime
  fi
  kill_left
} 2>/dev/null

await_drains

# A shell that could not become the program says so as the last thing it says; nothing else has been written then. No more is read
# than that is long, for a line of the job's may be as long as its log.
case $exit_code in
null | 0) ;;
*) [ "$(tail -c $((${#TELEWORKER_TOKEN} + 1)) "$TELEWORKER_OUTPUT.stderr")" != "$TELEWORKER_TOKEN" ] || failed=1 ;;
esac
if [ -n "$failed" ]; then
  exit_code=null failure="\"$step\""
  mv "$TELEWORKER_OUTPUT.stderr" failure.log
  : >"$TELEWORKER_OUTPUT.stderr"
  # What the launch said of it, in hexadecimal, for it may hold anything. A launch says less than that.
  detail=$(tail -c 16384 failure.log | od -A n -v -t x1 | tr -d ' \n')
fi

# A full disk must not cost the job its end: wait for space, or until the job has been removed.
until record 2>/dev/null >ended.json.new && mv ended.json.new ended.json; do
  # A start that failed before anybody was told of it is not waited for: the daemon refuses it.
  [ -z "$failed" ] || [ "$step" = exec ] || { trap - EXIT; exit; }
  sleep 1
  [ -e spec.json ] || exit
done
# Not before: a daemon that still waits for the start learns by this that there is a record instead.
trap - EXIT
exec 5>&-
: >"$TELEWORKER_DOORBELL"
[ -z "$TELEWORKER_CGROUPS" ] || rmdir $TELEWORKER_CGROUPS 2>/dev/null
rm -f stdout.fifo stderr.fifo stdout.copied stderr.copied gaps session step
