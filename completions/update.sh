#!/bin/sh
# Writes the completion files anew from the installed commands (make completions).
cd "$(dirname "$0")" || exit 2
for command in "$@"; do
    variable="_$(echo "$command" | tr 'a-z-' 'A-Z_')_COMPLETE"
    env "$variable=bash_source" "$command" >"bash/$command"
    env "$variable=zsh_source" "$command" >"zsh/_$command"
    # Up to the first comma: what is offered may have some of its own.
    env "$variable=fish_source" "$command" |
        sed 's/(string split ","/(string split --max 1 ","/' >"fish/$command.fish"
done
