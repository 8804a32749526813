#!/bin/sh
# Enters the job's cgroup and takes on its limits and user, in a session of its own, on the way from runner.sh to exec.sh.
#
#   launch.sh CWD COMMAND [ARG]...     with the descriptors of runner.sh: 3 (the job's stdout), 4 (its stderr), 5 (the daemon),
#                                      6 (a pipe with the launch's steps, of which each that is over takes its line off)
set -uf
# Only setsid is to speak to the runner. From the change of the user on another process of that user can take any of these.
exec 2>/dev/null
read -r TELEWORKER_STEP <&6

start_time() { start_time=${20}; }
read -r stat </proc/self/stat
start_time ${stat##*) }
read -r boot_id </proc/sys/kernel/random/boot_id
read -r uptime rest </proc/uptime
# Recorded before the cgroup is entered: a limit of one process would not let `mv` start.
printf '{"format":1,"pid":%s,"startTime":%s,"bootId":"%s","uptime":%s}\n' $$ "$start_time" "$boot_id" "$uptime" >started.json.new &&
  echo $$ >session && mv started.json.new started.json || exit 127

read -r TELEWORKER_STEP <&6
for cgroup in $TELEWORKER_CGROUPS; do
  # On v1 by "tasks": one thread, which a shell is, moves without the RCU grace period (5-15 ms) that "cgroup.procs" waits for.
  entrance=$cgroup/cgroup.procs
  [ ! -e "$cgroup/tasks" ] || entrance=$cgroup/tasks
  echo 0 >"$entrance" || exit 127
done

# A daemon that lost sight of the runner may have given the job up meanwhile.
[ ! -e ended.json ] || exit 127

# A prefix of ours (prlimit, setpriv) runs before anything of the user's environment is there to mislead it.
read -r TELEWORKER_STEP <&6
# Fails only where the hard limit is lower already.
ulimit -S -n "$TELEWORKER_OPEN_FILES" || :
if [ -n "$TELEWORKER_PREFIX" ]; then
  # By its descriptor: another account cannot enter the folder that it is in.
  exec 7<"$TELEWORKER_SCRIPTS/exec.sh"
  exec $TELEWORKER_PREFIX /bin/sh /proc/self/fd/7 "$@"
fi
. "$TELEWORKER_SCRIPTS/exec.sh"
