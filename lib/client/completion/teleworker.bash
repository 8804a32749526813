# Completion of teleworker in bash. What the client prints is only ever data: neither evaluated nor split at blanks.
_teleworker() {
  local rest=${COMP_LINE:0:COMP_POINT} program=${1/#\~\//"$HOME"/} word line head i
  local words=()
  COMPREPLY=()
  if [[ ${COMP_WORDS[COMP_CWORD - 1]} == *[\<\>] ]]; then
    compopt -o default
    return
  fi
  # Readline also breaks words at = and :. What no blank parts is one word; the last one ends at the cursor.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $rest == [[:space:]]* || ${#words[@]} == 0 ]]; then
      rest=${rest#"${rest%%[![:space:]]*}"}
      words+=("")
    fi
    ((i == COMP_CWORD)) && word=$rest
    words[${#words[@]} - 1]+=$word
    rest=${rest#"$word"}
  done
  word=${words[${#words[@]} - 1]}
  # What of the word readline leaves alone.
  head=${word%"$2"}
  while IFS= read -r line; do
    case $line in
      $'\tfile') compopt -o default ;;
      $'\tdirectory') compopt -o dirnames ;;
      *)
        line=${line%%$'\t'*}
        COMPREPLY+=("${line#"$head"}")
        ;;
    esac
  done < <("$program" completion bash -- "${words[@]:1}" 2>/dev/null </dev/null)
}
complete -F _teleworker teleworker
