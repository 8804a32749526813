# Read by runner.sh: ends what a job's main process left in its cgroup.
#
#   kill_group     returns when nothing is left
#
# Grandchildren and daemonized children go with the main process, also those in groups that the job made below its own. All of the
# job's folders hold the same processes; on v1 the freezer is the one to use, for it keeps a fork bomb from outrunning the loop.
populated() {
  read -r pid <"$1/cgroup.procs" && return
  for below in "$1"/*/ "$1"/.[!.]*/ "$1"/..?*/; do
    [ ! -e "$below/cgroup.procs" ] || ! populated "${below%/}" || return 0
  done
  return 1
}
# A frozen process dies when it is thawed, also where the job itself had frozen it.
kill_all() {
  while read -r pid; do kill -KILL "$pid"; done <"$1/cgroup.procs"
  for below in "$1"/*/ "$1"/.[!.]*/ "$1"/..?*/; do
    [ ! -e "$below/cgroup.procs" ] || kill_all "${below%/}"
  done
  [ ! -e "$1/freezer.state" ] || echo THAWED >"$1/freezer.state"
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
    fi
    sleep 0.01
  done
  set -f
}
