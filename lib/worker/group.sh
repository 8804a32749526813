# Read by runner.sh: what a job's main process left, in its cgroup, or without cgroups in its session.
#
#   await_left     gives it the grace of a stop
#   kill_left      ends it; returns when nothing is left
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
  while populated "$cgroup"; do
    if [ -e "$cgroup/cgroup.kill" ]; then
      echo 1 >"$cgroup/cgroup.kill"
    else
      [ ! -e "$cgroup/freezer.state" ] || echo FROZEN >"$cgroup/freezer.state"
      kill_all "$cgroup"
    fi
    sleep 0.01
  done
}

# Whether something runs in the session; with an argument, all of that is sent SIGKILL. By process groups, from which no fork escapes.
scan_session() {
  found=''
  for file in /proc/[0-9]*/stat; do
    # A command's name may hold line breaks; the fields behind it are on the last line.
    while read -r line; do stat=$line; done <"$file" || continue
    runs_in_session ${stat##*) } || continue
    found=1
    [ $# = 0 ] || kill -KILL "-$group"
  done
  [ -n "$found" ]
}
# The arguments are the fields of proc_pid_stat(5) from the third on. Of a zombie other threads may still run.
runs_in_session() {
  [ "$4" = "$session" ] || return 1
  group=$3
  case $1 in X) return 1 ;; Z) [ "${18}" -gt 1 ] ;; esac
}
# Bounded, for a process that waits for a dead disk ends some other day, and no group holds it.
kill_session() {
  rounds=0
  while [ "$rounds" -lt 100 ] && scan_session kill; do
    rounds=$((rounds + 1))
    sleep 0.01
  done
}

# Sets "cgroup" to the folder to use, or "session" where there is none. The job may have neither: its launch failed.
find_left() {
  cgroup='' session=''
  for cgroup in $TELEWORKER_CGROUPS; do
    [ ! -e "$cgroup/freezer.state" ] || break
  done
  [ -n "$cgroup" ] || [ ! -e session ] || read -r session <session
}
is_left() {
  if [ -n "$cgroup" ]; then populated "$cgroup"; else [ -n "$session" ] && scan_session; fi
}

# The earliest uptime, in hundredths of a second, at which a note lets the job be killed; empty where none asks to wait. The daemon
# writes them anew when a later stop leaves less time.
read_deadline() {
  for note in stop.json timeout.json; do
    [ -e "$note" ] && { read -r line <"$note" || [ -n "$line" ]; } || continue
    case $line in *'"scope":"all"'*) ;; *) continue ;; esac
    hundredths "${line##*'"killAtUptime":'}"
    [ -n "$number" ] || continue
    [ -n "$deadline" ] && [ "$deadline" -le "$number" ] || deadline=$number
  done
}
# Sets "number" to a decimal number without its point, to two digits behind that; empty for what is none.
hundredths() {
  number=${1%%[!0-9.]*}
  case $number in *.*) fraction=${number#*.}00 ;; *) fraction=00 ;; esac
  number=${number%%.*}
  [ -z "$number" ] || number=$number${fraction%"${fraction#??}"}
}
await_left() {
  set +f
  find_left
  pause=5
  while is_left; do
    deadline=''
    read_deadline
    read -r uptime rest </proc/uptime
    hundredths "$uptime"
    [ -n "$deadline" ] && [ "$number" -lt "$deadline" ] || break
    nap=$((deadline - number))
    [ "$nap" -lt "$pause" ] || nap=$pause
    # Two digits behind the point.
    nap=$((nap / 100)).$((nap % 100 / 10))$((nap % 10))
    # A shell that cannot fork ends, except within `command`.
    command eval 'sleep "$nap"'
    # Of a session every look is at all processes of the host: less and less often, for a grace may be a day.
    [ -n "$cgroup" ] || pause=$((pause < 50 ? pause * 2 : 100))
  done
  set -f
}
kill_left() {
  set +f
  find_left
  if [ -n "$cgroup" ]; then kill_group; elif [ -n "$session" ]; then kill_session; fi
  set -f
}
