#!/bin/sh
# Writes the completion files anew from the installed commands (make completions).
cd "$(dirname "$0")" || exit 2
for command in "$@"; do
    variable="_$(echo "$command" | tr 'a-z-' 'A-Z_')_COMPLETE"
    env "$variable=bash_source" "$command" >"bash/$command"
    env "$variable=zsh_source" "$command" >"zsh/_$command"
    env "$variable=fish_source" "$command" >"fish/$command.fish"
done
