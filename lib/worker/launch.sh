#!/bin/sh
# Becomes the job's program: runs in a session of its own, enters the cgroup, drops what is ours, execs.
#
#   launch.sh CWD COMMAND [ARG]...     with the descriptors 3 (the job's stdout), 4 (its stderr), 5 (the daemon) of runner.sh
#
# When the program cannot be run, the file "failure" names the step that failed; no exit code could say so.
set -uf
# Every variable of ours that lives on while the user's are exported has a name that no user may use.
TELEWORKER_FOLDER=$TELEWORKER_JOB TELEWORKER_STEP=record TELEWORKER_BASH=${BASH_VERSION-}
failed() {
  trap - EXIT
  echo "$TELEWORKER_STEP" >"$TELEWORKER_FOLDER/failure"
  exit 127
}
# dash leaves through the trap when exec fails; bash forgets its traps before exec and must be told to come back.
[ -z "$TELEWORKER_BASH" ] || shopt -s execfail
trap failed EXIT

start_time() { start_time=${20}; }
read -r stat </proc/self/stat
start_time ${stat##*) }
read -r boot_id </proc/sys/kernel/random/boot_id
read -r uptime rest </proc/uptime
# Recorded before the cgroup is entered: a limit of one process would not let `mv` start.
printf '{"format":1,"pid":%s,"startTime":%s,"bootId":"%s","uptime":%s}\n' $$ "$start_time" "$boot_id" "$uptime" >started.json.new || failed
echo $$ >session || failed
mv started.json.new started.json || failed

TELEWORKER_STEP=cgroup
for cgroup in $TELEWORKER_CGROUPS; do
  echo 0 >"$cgroup/cgroup.procs" || failed
done
TELEWORKER_STEP=cwd
cd -- "$1" || failed
shift

TELEWORKER_STEP=environment TELEWORKER_COUNT=$TELEWORKER_ENV_COUNT
unset _ PWD OLDPWD SHLVL LC_ALL TELEWORKER_JOB TELEWORKER_OUTPUT TELEWORKER_DOORBELL TELEWORKER_CGROUPS TELEWORKER_USAGE TELEWORKER_CLOSE TELEWORKER_ENV_COUNT
while [ "$TELEWORKER_COUNT" -gt 0 ]; do
  # Only the counter is expanded before eval; the user's NAME=VALUE is one quoted word.
  eval "TELEWORKER_VARIABLE=\$TELEWORKER_ENV_$TELEWORKER_COUNT; unset TELEWORKER_ENV_$TELEWORKER_COUNT"
  # bash has names of its own, such as RANDOM, which are like others once they are unset; dash cannot unset its OPTIND.
  [ -z "$TELEWORKER_BASH" ] || unset "${TELEWORKER_VARIABLE%%=*}" || failed
  export "$TELEWORKER_VARIABLE" || failed
  TELEWORKER_COUNT=$((TELEWORKER_COUNT - 1))
done

TELEWORKER_STEP=exec
umask 022
# The daemon may be gone, which is no reason to die of SIGPIPE, nor to let the program inherit an ignored one.
trap '' PIPE
echo started >&5
trap - PIPE
exec "$@" >&3 2>&4 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
failed
