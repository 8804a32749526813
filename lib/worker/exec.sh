#!/bin/sh
# Becomes the job's program: the last step of launch.sh, as the job's user and under its limits. What the user named (working directory,
# program) is looked at here and nowhere else: only the job's user may be able to, and it may hang.
#
#   exec.sh CWD COMMAND [ARG]...     with the descriptors of launch.sh
#
# When the program cannot be run the shell leaves through its trap and prints the token, which no program can know: no exit code
# could tell that from a program that exits 126 or 127. Before it says so it writes what is wrong to the job's stderr, for
# failure_reason.ts to read.
set -uf
# Every variable of ours that lives on while the user's are exported has a name that no user may use.
TELEWORKER_SECRET=$TELEWORKER_TOKEN TELEWORKER_BASH=${BASH_VERSION-}

# Says why a path cannot be used that is not there, or may not be looked at, in the system's words; ends the shell.
say_why() {
  exec 2>&4
  : <"$1"
  exit 127
}

read -r TELEWORKER_STEP <&6
# As the kernel does: without -P `..` is folded in the text.
case $1 in
  /*) cd -P -- "$1" ;;
  *) false ;;
esac || {
  if [ -e "$1" ] && [ ! -d "$1" ]; then
    echo 'it is not a directory' >&4
    exit 127
  fi
  say_why "$1/."
}

read -r TELEWORKER_STEP <&6
# As execvp(3) does, in the job's PATH, which is the first of its variables. An absolute path, for the program to find itself by.
TELEWORKER_CWD=${1%/} TELEWORKER_COMMAND=$2 TELEWORKER_NEAR='' TELEWORKER_PROGRAM=''
shift 2
look_at() {
  TELEWORKER_PROGRAM=$1
  while :; do
    case $TELEWORKER_PROGRAM in
      /*) break ;;
      '' | . | .//* | .[!/]* | [!.]*) TELEWORKER_PROGRAM=$TELEWORKER_CWD/$TELEWORKER_PROGRAM ;;
      *) TELEWORKER_PROGRAM=${TELEWORKER_PROGRAM#./} ;;
    esac
  done
  [ -f "$TELEWORKER_PROGRAM" ] && [ -x "$TELEWORKER_PROGRAM" ]
}
find_program() {
  case $TELEWORKER_COMMAND in
    */*)
      TELEWORKER_NEAR=$TELEWORKER_COMMAND
      look_at "$TELEWORKER_COMMAND"
      return
      ;;
  esac
  TELEWORKER_REST=${TELEWORKER_ENV_1#PATH=}:
  while [ -n "$TELEWORKER_REST" ]; do
    TELEWORKER_FOLDER=${TELEWORKER_REST%%:*}
    TELEWORKER_FOLDER=${TELEWORKER_FOLDER:-.}
    TELEWORKER_REST=${TELEWORKER_REST#*:}
    look_at "${TELEWORKER_FOLDER%/}/$TELEWORKER_COMMAND" && return
    [ ! -e "$TELEWORKER_PROGRAM" ] || TELEWORKER_NEAR=$TELEWORKER_PROGRAM
  done
  return 1
}
find_program || {
  if [ -z "$TELEWORKER_NEAR" ]; then
    echo 'no such program in PATH' >&4
  elif [ ! -e "$TELEWORKER_NEAR" ]; then
    say_why "$TELEWORKER_NEAR"
  elif [ -d "$TELEWORKER_NEAR" ]; then
    echo 'it is a directory' >&4
  else
    echo 'it is not executable' >&4
    # For anybody, for this user, or for the file system that it is on? There may be no process left to find out.
    LC_ALL=C stat -L -c %A -- "$TELEWORKER_NEAR" >&4
    findmnt --noheadings --output OPTIONS,TARGET --target "$TELEWORKER_NEAR" >&4
  fi
  exit 127
}
set -- "$TELEWORKER_PROGRAM" "$@"

read -r TELEWORKER_STEP <&6
TELEWORKER_COUNT=$TELEWORKER_ENV_COUNT TELEWORKER_APART=''
unset _ PWD OLDPWD SHLVL LC_ALL TELEWORKER_JOB TELEWORKER_OUTPUT TELEWORKER_DOORBELL TELEWORKER_CGROUPS TELEWORKER_USAGE \
  TELEWORKER_OUTPUT_MAX TELEWORKER_SLICE TELEWORKER_OPEN_FILES TELEWORKER_PREFIX TELEWORKER_SCRIPTS TELEWORKER_OWNER TELEWORKER_TOKEN TELEWORKER_ENV_COUNT
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

# Says so to the runner by the token, and with what exit code and first bytes of its file. The token goes first too, for there may be no
# process left to read the file, and it must be the last thing that is said.
cannot_execute() {
  printf '%s\n' "$1" "$TELEWORKER_SECRET" >&2
  exec 4>&2 2>/dev/null
  PATH=/usr/bin:/bin TELEWORKER_FOUND=''
  unset IFS
  TELEWORKER_LINE=$(head -c 256 -- "$TELEWORKER_PROGRAM")
  case $TELEWORKER_LINE in
    '#!'*)
      # The same word as the kernel takes for the interpreter.
      set -- ${TELEWORKER_LINE#??}
      [ ! -e "${1-}" ] || TELEWORKER_FOUND=found
      ;;
  esac
  # No process is needed after this one.
  head -c 1024 -- "$TELEWORKER_PROGRAM" >&4
  printf '\n%s\n%s\n' "$TELEWORKER_FOUND" "$TELEWORKER_SECRET" >&4
}

read -r TELEWORKER_STEP <&6
umask 022
# The daemon may be gone, which is no reason to die of SIGPIPE, nor to let the program inherit an ignored one.
trap '' PIPE
# The daemon waits until this is no longer the name of the process, for whether it becomes the program nobody can say before.
echo teleworker-exec >/proc/self/comm
echo started >&5
trap - PIPE
exec 2>&4
# bash forgets its traps before exec, and leaves through them after a signal; it must be told to come back instead.
if [ -n "$TELEWORKER_BASH" ]; then shopt -s execfail; else trap 'cannot_execute $?' EXIT; fi
exec "$@" >&3 2>&4 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
cannot_execute $?
exit 127
