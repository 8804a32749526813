#!/bin/sh
# @name@: this file carries the program and the runtime that it needs. Both are unpacked once, into a cache that only its owner can enter,
# under their hashes; after that a start is a look at them and an exec.
set -euf
umask 077

# 125, as of `run` and `wait`, whose other exit codes are the job's. Unquoted, so that many lines become one.
fail() {
  echo "@name@:" $* >&2
  exit 125
}

# Whether a folder is ours, and every one above it: whoever has one of those can give its name to something else.
is_ours() {
  above=$1
  while [ "${above#/}" != "$above" ]; do
    [ ! -e "$above" ] || [ -O "$above" ] || return 1
    above=${above%/*}
  done
}

# Root's is never below a folder of another's, such as a HOME or an XDG_CACHE_HOME that sudo kept: its owner could put something else there
# between our look and the exec, and could not use it himself afterwards.
find_cache() {
  if [ -n "${XDG_CACHE_HOME:-}" ] && { [ "$user" != 0 ] || is_ours "$XDG_CACHE_HOME"; }; then
    cache=$XDG_CACHE_HOME/teleworker
  elif [ "$user" = 0 ]; then
    cache=${CACHE_DIRECTORY:-/var/cache/teleworker}
  else
    home=${HOME:-$(getent passwd "$user" | cut -d: -f6)}
    [ -n "$home" ] || fail 'Cannot find a place for the runtime: neither XDG_CACHE_HOME nor HOME is set'
    cache=$home/.cache/teleworker
  fi
  case $cache in /*) ;; *) fail "Cannot unpack into \"$cache\": not an absolute path" ;; esac
}

# Kind, owner, mode and size of what is in the cache, in one process; stat does not follow links, so a link is none of these. Its word for a
# kind would be of the user's language.
look() {
  (cd "$cache" && LC_ALL=C stat -c '%F %u %a %s' "$@") 2>/dev/null
}

# unpack OFFSET BYTES HASH MODE SIZE NAME, unless it is there. Checked before it gets its name, and on the disk before that; whoever comes
# second puts the same in its place.
unpack() {
  [ "$(look "$6")" != "regular file $user $4 $5" ] || return 0
  new=$(mktemp "$cache/unpacking.XXXXXXXX" 2>&1) || fail "Cannot unpack into \"$cache\": $new"
  trap 'rm -f "$new"' EXIT
  trap 'exit 125' HUP INT TERM
  why=$({ tail -c "+$1" "$0" | head -c "$2" | gzip -dc >"$new"; } 2>&1) || fail "Cannot unpack into \"$cache\": $why"
  [ "$(sha256sum <"$new")" = "$3  -" ] || fail "Cannot unpack \"$0\": it is damaged, copy it again"
  why=$({ chmod "$4" "$new" && sync "$new" && mv -f "$new" "$cache/$6"; } 2>&1) || fail "Cannot unpack into \"$cache\": $why"
  trap - EXIT HUP INT TERM
}

# Gives the runtime the program's name, by which ps(1) and systemctl(1) know a process.
name_runtime() {
  new=$(mktemp "$cache/unpacking.XXXXXXXX" 2>&1) || fail "Cannot unpack into \"$cache\": $new"
  trap 'rm -f "$new"' EXIT
  trap 'exit 125' HUP INT TERM
  why=$({ ln -sf "../$runtime" "$new" && mv -f "$new" "$cache/$program/@name@"; } 2>&1) || fail "Cannot unpack into \"$cache\": $why"
  trap - EXIT HUP INT TERM
}

# Deno does not start in a directory that was removed. No relative path means anything there, nor where we go instead: that one is empty, and
# not even root can make something in it.
unset TELEWORKER_NO_DIRECTORY
if ! [ . -ef "${PWD:-}" ] && ! [ -d "$(pwd -P 2>/dev/null)" ]; then
  cd /proc/tty/ldisc 2>/dev/null || fail 'Cannot run in a directory that was removed; run: cd'
  export TELEWORKER_NO_DIRECTORY=1
fi

runtime=@runtime@
program=@program@
user=$(id -u)
find_cache
[ -e "$cache" ] || why=$(mkdir -p "$cache" 2>&1) || fail "Cannot unpack into \"$cache\": $why"
[ "$(LC_ALL=C stat -c '%F %u %a' "$cache")" = "directory $user 700" ] ||
  fail "Cannot use the cache \"$cache\": it is not a folder of mode 700 that belongs to user $user"
# The shell and Deno would fold it in the text, which behind a symbolic link is another folder.
case $cache/ in */../*) cache=$(cd -P "$cache" && pwd -P) ;; esac
if [ "$(look @names@)" != "@expected@" ]; then
  # In the cache, as find fails in a folder that the user cannot enter, such as that of the root who became this user; and no reason to end,
  # as it does too when another start is faster to remove one.
  (cd "$cache" && find . -name 'unpacking.*' -mmin +60 -exec rm -f {} +) 2>/dev/null || :
  why=$(mkdir -p "$cache/$program" 2>&1) || fail "Cannot unpack into \"$cache\": $why"
  @unpack@
  name_runtime
fi
[ -x "$cache/$runtime" ] || fail "Cannot run what is in \"$cache\": that file system is mounted with noexec"

# Deno keeps what it compiled in SQLite, whose shared memory is a mapped file. Where a block is smaller than a page, a full disk makes that a
# SIGBUS: a daemon has to live through it, and can do without, for it starts seldom; a client looks first.
DENO_DIR=$cache/deno
if [ @name@ = teleworkerd ] || [ "$(stat -f -c %a "$cache")" -lt 1024 ]; then DENO_DIR=/dev/null; fi
# On a terminal it would tell of that, and that nothing is kept in /dev/null.
DENO_LOG=error,deno::cache=off
# These are for whoever develops with Deno, and change what it does.
unset DENO_V8_FLAGS DENO_COVERAGE_DIR DENO_CERT DENO_TLS_CA_STORE DENO_TRACE_PERMISSIONS DENO_AUDIT_PERMISSIONS DENO_PERMISSION_BROKER_PATH \
  NODE_OPTIONS
# Deno reads .npmrc in HOME, whatever its flags, and does not start when it cannot, or waits for ever when it is a pipe. It gets a HOME that
# is ours and has none, and our program the user's under another name.
TELEWORKER_HOME=${HOME-} HOME=$cache/$program
# The file that `teleworkerd install` copies.
TELEWORKER_FILE=$0
# Deno raises it, and jobs are to have what it was.
if [ @name@ = teleworkerd ]; then
  TELEWORKER_OPEN_FILES=$(ulimit -S -n)
  export TELEWORKER_OPEN_FILES
fi
export TELEWORKER_FILE TELEWORKER_HOME HOME DENO_DIR DENO_LOG DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1
exec "$cache/$program/@name@" run --quiet --no-prompt --no-config --no-lock --no-remote --no-npm --no-check @flags@ "$cache/$program/@main@" "$@"
