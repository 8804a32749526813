#!/bin/sh
# Becomes the job's program: the last step of launch.sh, as the job's user and under its limits.
#
#   exec.sh CWD COMMAND [ARG]...     with the descriptors of launch.sh
#
# When the program cannot be run the shell leaves through its trap and prints the token, which no program can know: no exit code
# could tell that from a program that exits 126 or 127.
set -uf
# Every variable of ours that lives on while the user's are exported has a name that no user may use.
TELEWORKER_SECRET=$TELEWORKER_TOKEN TELEWORKER_BASH=${BASH_VERSION-}

read -r TELEWORKER_STEP <&6
cd -- "$1" || exit 127
shift

read -r TELEWORKER_STEP <&6
TELEWORKER_COUNT=$TELEWORKER_ENV_COUNT TELEWORKER_PROGRAM=$1 TELEWORKER_APART=''
unset _ PWD OLDPWD SHLVL LC_ALL TELEWORKER_JOB TELEWORKER_OUTPUT TELEWORKER_DOORBELL TELEWORKER_CGROUPS TELEWORKER_USAGE \
  TELEWORKER_OUTPUT_MAX TELEWORKER_SLICE TELEWORKER_PREFIX TELEWORKER_SCRIPTS TELEWORKER_OWNER TELEWORKER_TOKEN TELEWORKER_ENV_COUNT
while [ "$TELEWORKER_COUNT" -gt 0 ]; do
  # Only the counter is expanded before eval; the user's NAME=VALUE is one quoted word.
  eval "TELEWORKER_VARIABLE=\$TELEWORKER_ENV_$TELEWORKER_COUNT; unset TELEWORKER_ENV_$TELEWORKER_COUNT"
  # bash has names of its own, such as RANDOM, which are like others once they are unset; but not UID and its like. dash cannot
  # unset its OPTIND, and holds nothing but numbers there.
  if [ "${TELEWORKER_VARIABLE%%=*}" = OPTIND ] ||
    { [ -n "$TELEWORKER_BASH" ] && ! command unset "${TELEWORKER_VARIABLE%%=*}" 2>/dev/null; }; then
    set -- "$TELEWORKER_VARIABLE" "$@"
    TELEWORKER_APART=1
  else
    export "$TELEWORKER_VARIABLE" || exit 127
  fi
  TELEWORKER_COUNT=$((TELEWORKER_COUNT - 1))
done
# What a shell cannot hold env(1) adds. Not all of it, for every account can read the arguments of a process; and not to a program
# that env would take for a variable. One that cannot be executed exits with 126 or 127 then, as from a shell.
if [ -n "$TELEWORKER_APART" ]; then
  case $TELEWORKER_PROGRAM in *=*) exit 127 ;; esac
  set -- /usr/bin/env "$@"
fi

read -r TELEWORKER_STEP <&6
umask 022
# The daemon may be gone, which is no reason to die of SIGPIPE, nor to let the program inherit an ignored one.
trap '' PIPE
echo started >&5
trap - PIPE
exec 2>&4
# bash forgets its traps before exec, and leaves through them after a signal; it must be told to come back instead.
if [ -n "$TELEWORKER_BASH" ]; then shopt -s execfail; else trap 'echo "$TELEWORKER_SECRET" >&2' EXIT; fi
exec "$@" >&3 2>&4 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
echo "$TELEWORKER_SECRET" >&2
exit 127
