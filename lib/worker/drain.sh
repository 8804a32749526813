# Read by runner.sh: copies the job's FIFOs to its logs, outside the job and outside the daemon.
#
#   drain STREAM     in a shell of its own, in the job's folder, the FIFO on 7; ends when every writer has closed that
#   await_drains     waits for the ends of "$stdout_drain" and "$stderr_drain", once the job is dead
#
# In the environment, besides what stands in runner.sh: TELEWORKER_OUTPUT_MAX (bytes of a stream to keep) and TELEWORKER_SLICE
# (bytes that it may have more, until they are freed). In the job's folder it keeps:
#
#   STREAM.first     the first byte that the log still has, once older ones were freed
#   gaps             a line "STREAM OFFSET" for each place where bytes are missing

# Bytes of a block: what dd reads at once, at most, and what can be freed. No pipe gives more, no file system's blocks are larger.
TELEWORKER_BLOCK=65536

drain() {
  stream=$1 copy='' over='' size=0 first=0
  # A process out of our reach holds the FIFO. While there is only space to wait for, nothing is ended: bytes are still to come.
  trap '[ -z "$copy" ] || { over=1; kill -KILL "$copy"; }' TERM
  # When no process can be forked any more this shell leaves, through this trap, and becomes the copy itself.
  trap 'exec cat <&7 >&8' EXIT
  # With exec, for a shell keeps a copy of what is redirected for one command: here the end of the FIFO that is written to.
  # What dd says goes through a FIFO, for a full disk has no place for it, and dd takes that for a failure.
  exec 3>&- 4>&- 5>&- 8>>"$TELEWORKER_OUTPUT.$stream" 9<>"$stream.copied"
  most=$((TELEWORKER_OUTPUT_MAX / TELEWORKER_BLOCK))
  while copy_blocks "$most"; do
    # While there is a place for it: on a full disk it is written over, which takes none.
    [ -e "$stream.first" ] || tell_first 0
    free_head
    most=$((TELEWORKER_SLICE / TELEWORKER_BLOCK))
  done
  free_head
  trap - EXIT
}

# Copies so many blocks, each as soon as it is there and as small as it comes. Fails when the output has ended.
copy_blocks() {
  while [ -z "$over" ]; do
    LC_ALL=C dd bs="$TELEWORKER_BLOCK" count="$1" <&7 >&8 2>&9 &
    copy=$!
    wait "$copy"
    status=$? copy='' blocks=0 bytes=0
    echo end >&9
    # Only dd can tell what it did: a shell has no sizes without a process.
    while read -r word what; do
      case $what in
      "records in") blocks=$((${word%+*} + ${word#*+})) ;;
      # One is a "byte".
      byte*) bytes=$word ;;
      esac
      [ "$word" != end ] || break
    done <&9
    if [ "$status" = 0 ]; then
      size=$((size + bytes))
      [ "$blocks" = "$1" ]
      return
    fi
    [ -n "$over" ] || mend
  done
  return 1
}

# A full disk must not cost the job its life: it waits, as at any full pipe, until there is space again. Only what dd had read and
# could not write is missing, at most a block.
mend() {
  while
    sleep 1
    # Its runner was killed, and then the job was removed: there will never be space in a folder that is gone.
    [ -e spec.json ] || { over=1; return; }
    ! dd if=/dev/zero of="$stream.space" bs="$TELEWORKER_BLOCK" count=2 2>/dev/null
  do
    rm -f "$stream.space"
  done
  rm -f "$stream.space"
  size=$(wc -c <"$TELEWORKER_OUTPUT.$stream")
  echo "$stream $size" >>gaps && : >"$TELEWORKER_DOORBELL"
}

# Frees the oldest blocks of a log that is over its most; all offsets stay. Readers are told before any byte goes, or none goes.
free_head() {
  next=$(((size - TELEWORKER_OUTPUT_MAX) / TELEWORKER_BLOCK * TELEWORKER_BLOCK))
  [ "$next" -gt "$first" ] || return 0
  tell_first "$next" || return 0
  if fallocate --punch-hole --offset "$first" --length $((next - first)) "$TELEWORKER_OUTPUT.$stream"; then
    first=$next
  else
    tell_first "$first"
  fi
}

tell_first() {
  printf '{"format":1,"offset":%15d}\n' "$1" >"$stream.first.new" && mv "$stream.first.new" "$stream.first" && return
  rm -f "$stream.first.new"
  [ -e "$stream.first" ] && printf '{"format":1,"offset":%15d}\n' "$1" 1<>"$stream.first"
}

# With every writer dead the drains end by themselves. Should a process out of our reach hold a FIFO, they are told to end.
# SIGKILL for the nap: between fork and exec it still has the trap's handler, which would swallow a SIGTERM.
await_drains() {
  (
    nap='' over=''
    trap 'over=1; [ -z "$nap" ] || kill -KILL "$nap"' TERM
    # The runner may have been killed in between, and the job's folder removed: then nobody tells this shell to end.
    while [ -z "$over" ] && [ -e spec.json ]; do
      sleep 5 &
      nap=$!
      [ -z "$over" ] || kill -KILL "$nap"
      wait "$nap"
      [ -n "$over" ] || end_drains
    done
    wait "$nap"
  ) 2>/dev/null &
  guard=$!
  wait "$stdout_drain" "$stderr_drain"
  kill "$guard" 2>/dev/null
  wait "$guard"
}

end_drains() {
  for drain in "$stdout_drain" "$stderr_drain"; do
    # One that has ended may have left its number to a stranger; ours have this shell as their parent.
    read -r stat <"/proc/$drain/stat" || continue
    case ${stat##*) } in ?" $$ "*) kill "$drain" ;; esac
  done
}
