function _ghost_mkswap_completion
    set -l word (commandline -ct)
    # Of --option=value, what is offered begins as the word does.
    set -l option (string match -r -- '^--[^=]*=' $word)
    for line in (env COMP_WORDS=(commandline -cp) \
            _GHOST_MKSWAP_COMPLETE=fish_complete ghost-mkswap 2>/dev/null)
        set -l found (string split --max 1 , -- $line)
        switch $found[1]
            case plain
                echo $found[2]
            case dir
                printf '%s\n' "$option"(__fish_complete_directories $found[2])
            case file
                printf '%s\n' "$option"(__fish_complete_path $found[2])
        end
    end
end

complete --no-files --keep-order --command ghost-mkswap \
    --arguments '(_ghost_mkswap_completion)'
