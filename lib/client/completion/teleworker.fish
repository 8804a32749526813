# Completion of teleworker in fish. What the client prints is only ever data: neither evaluated nor split at blanks.
function __teleworker_complete
    set -l words (commandline -opc)
    set -l typed "$(commandline -ct)"
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l lines ($program completion fish -- $words[2..-1] $typed 2>/dev/null </dev/null)
    set -l head (string match -r -- '^--[a-z-]+=' $typed)
    switch "$lines[1]"
        case \tfile
            printf '%s\n' "$head"(__fish_complete_path (string replace -r -- '^--[a-z-]+=' '' $typed))
        case \tdirectory
            printf '%s\n' "$head"(__fish_complete_directories (string replace -r -- '^--[a-z-]+=' '' $typed))
        case '*'
            printf '%s\n' $lines
    end
end
complete -c teleworker -f -a '(__teleworker_complete)'
