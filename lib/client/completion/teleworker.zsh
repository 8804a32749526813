#compdef teleworker
# Completion of teleworker in zsh. What the client prints is only ever data: neither evaluated nor split at blanks.
_teleworker() {
  local line typed=${(Q)IPREFIX}${(Q)PREFIX}
  local -a lines described
  lines=("${(@f)$("${(@Q)words[1]/#\~\//$HOME/}" completion zsh -- "${(@Q)words[2,CURRENT-1]}" "$typed" 2>/dev/null </dev/null)}")
  case $lines[1] in
    '') return 1 ;;
    $'\tfile') compset -P '--[a-z-]#='; _files; return ;;
    $'\tdirectory') compset -P '--[a-z-]#='; _files -/; return ;;
  esac
  for line in $lines; do
    described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe teleworker described
}
if [[ $funcstack[1] == _teleworker ]]; then _teleworker "$@"; else compdef _teleworker teleworker; fi
