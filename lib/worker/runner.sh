#!/bin/sh
# The life of one job, outside the daemon and outside the job's cgroup.
#
#   runner.sh LAUNCH_SCRIPT CWD COMMAND [ARG]...
#
# In the environment: TELEWORKER_JOB (its folder), TELEWORKER_OUTPUT (its logs, less the ending), TELEWORKER_DOORBELL,
# TELEWORKER_CGROUPS and TELEWORKER_USAGE (folders to enter and files to keep, separated by blanks), TELEWORKER_CLOSE (descriptors),
# TELEWORKER_PREFIX (prlimit, setpriv), TELEWORKER_OWNER (uid of the job's user, if not ours), TELEWORKER_EXEC (exec.sh),
# TELEWORKER_TOKEN (see there), TELEWORKER_ENV_COUNT and TELEWORKER_ENV_<n> (the job's own environment). On stdout one line, "started", once the program is about to run.
#
# Nothing of the user's is ever parsed by this shell: the command travels as "$@".
set -uf
umask 077
# Descriptors that the daemon itself was started with; only a shell that can close those above 9 is given any.
for descriptor in $TELEWORKER_CLOSE; do eval "exec $descriptor>&-"; done
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

# Pipes, not the logs themselves: a program that opens /dev/stderr for writing would truncate a regular file.
mkfifo -m 600 stdout.fifo stderr.fifo || exit
[ -z "$TELEWORKER_OWNER" ] || chown "$TELEWORKER_OWNER" stdout.fifo stderr.fifo || exit
cat <stdout.fifo >>"$TELEWORKER_OUTPUT.stdout" 2>/dev/null &
stdout_drain=$!
cat <stderr.fifo >>"$TELEWORKER_OUTPUT.stderr" 2>/dev/null &
stderr_drain=$!
exec 3>stdout.fifo 4>stderr.fifo 5>&1 >/dev/null

# A shell's own `wait` says 137 both for `exit 137` and for SIGKILL. setsid(1) tells them apart: after a signal it complains on
# its stderr and exits with the raw wait status. In the foreground, for a shell starts what runs behind it with SIGINT ignored.
echo fork >step
LC_ALL=C setsid --fork --wait sh "$@" 2>launch.log
status=$?
exec 3>&- 4>&-
read -r uptime rest </proc/uptime

exit_code=$status signal=null failure=null step=record failed=''
while read -r line; do step=$line; done <step
[ "$step" = exec ] || failed=1
while read -r line; do
  case $line in
  "$TELEWORKER_TOKEN") failed=1 ;;
  *"did not exit normally"*) exit_code=null signal=$((status & 127)) failed='' ;;
  esac
done <launch.log
# A user's stop counts only while the program runs; from here on it is too late to be the cause.
stopped=false timed_out=false
[ ! -e stop.json ] || stopped=true
[ ! -e timeout.json ] || timed_out=true

# Grandchildren and daemonized children go with the main process, also those in groups that the job made below its own. All of the
# job's folders hold the same processes; on v1 the freezer is the one to use, for it keeps a fork bomb from outrunning the loop.
populated() {
  read -r pid <"$1/cgroup.procs" && return
  for below in "$1"/*/; do
    [ ! -e "$below/cgroup.procs" ] || ! populated "${below%/}" || return 0
  done
  return 1
}
kill_all() {
  while read -r pid; do kill -KILL "$pid"; done <"$1/cgroup.procs"
  for below in "$1"/*/; do
    [ ! -e "$below/cgroup.procs" ] || kill_all "${below%/}"
  done
}
kill_group() {
  for cgroup in $TELEWORKER_CGROUPS; do
    [ ! -e "$cgroup/freezer.state" ] || break
  done
  set +f
  while populated "$cgroup"; do
    if [ -e "$cgroup/cgroup.kill" ]; then
      echo 1 >"$cgroup/cgroup.kill"
    else
      [ ! -e "$cgroup/freezer.state" ] || echo FROZEN >"$cgroup/freezer.state"
      kill_all "$cgroup"
      [ ! -e "$cgroup/freezer.state" ] || echo THAWED >"$cgroup/freezer.state"
    fi
    sleep 0.01
  done
  set -f
}
if [ -n "$TELEWORKER_CGROUPS" ]; then
  kill_group
elif [ -e session ]; then
  read -r session <session
  kill -KILL "-$session"
fi 2>/dev/null

# With every writer dead the drains end by themselves. Should a process out of our reach hold a pipe, they are ended.
# SIGKILL for the nap: between fork and exec it still has the trap's handler, which would swallow a SIGTERM.
(
  nap='' over=''
  trap 'over=1; [ -z "$nap" ] || kill -KILL "$nap"' TERM
  sleep 5 &
  nap=$!
  [ -z "$over" ] || kill -KILL "$nap"
  wait "$nap"
  [ -n "$over" ] || kill "$stdout_drain" "$stderr_drain"
  wait "$nap"
) 2>/dev/null &
guard=$!
wait "$stdout_drain" "$stderr_drain"
kill "$guard" 2>/dev/null
wait "$guard"

# A shell that could not become the program says so as the last thing it says; nothing else has been written then.
case $status in
126 | 127) [ "$(tail -n 1 "$TELEWORKER_OUTPUT.stderr")" != "$TELEWORKER_TOKEN" ] || failed=1 ;;
esac
if [ -n "$failed" ]; then
  exit_code=null failure="\"$step\""
  mv "$TELEWORKER_OUTPUT.stderr" failure.log
  : >"$TELEWORKER_OUTPUT.stderr"
fi

# Kernel files go into the record line by line, unread: no line of theirs needs escaping, and one parser is enough.
usage() {
  comma=
  for file in $TELEWORKER_USAGE; do
    printf '%s"%s":[' "$comma" "${file##*/}"
    comma=
    while read -r line; do
      printf '%s"%s"' "$comma" "$line"
      comma=,
    done <"$file"
    printf ']'
    comma=,
  done
}
record() {
  printf '{"format":1,"exitCode":%s,"signal":%s,"failure":%s,"stopped":%s,"timedOut":%s,"uptime":%s,"bootId":"%s","usage":{' \
    "$exit_code" "$signal" "$failure" "$stopped" "$timed_out" "$uptime" "$boot_id" &&
    usage && printf '}}\n'
}
# A full disk must not cost the job its end: wait for space.
until record 2>/dev/null >ended.json.new && mv ended.json.new ended.json; do sleep 1; done
# Not before: a daemon that still waits for the start learns by this that there is a record instead.
exec 5>&-
: >"$TELEWORKER_DOORBELL"
[ -z "$TELEWORKER_CGROUPS" ] || rmdir $TELEWORKER_CGROUPS 2>/dev/null
rm -f stdout.fifo stderr.fifo session launch.log step
