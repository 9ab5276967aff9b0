"""How bash, zsh and fish ask what Tab could offer, and how they are answered.

completions/ has what ``make completions`` writes from here. It differs from what click
would write: words with ``=`` in them are completed, descriptions are whole, and no
shell gets to see what a command that is interrupted has to say.

Not here: what is offered (completing.py, and the options of each command).
"""

from __future__ import annotations

import os
import re
from typing import Any, Final

import click
from click import shell_completion
from click.shell_completion import CompletionItem, ShellComplete

#: Letters of a description: with the name of an option before it, it fits a terminal.
MOST_LETTERS: Final = 56
#: Where a description may end and still say something: rather before what explains it
#: than in an enumeration, and never within brackets.
_ENDS: Final = re.compile(r"[.;:]? \(|[.;:](?: |$)|$")
_COMMA: Final = re.compile(r", ")
_BRACKETS: Final = re.compile(r"\([^)]*\)")

_BASH: Final = r"""
%(complete_func)s() {
    # The word as the command sees it, and what of it bash completes: that is $2, the
    # part behind a = or a colon.
    local line=${COMP_LINE:0:COMP_POINT} files= type value
    local word=${line##*[[:blank:]]}
    local prefix=${word%%"$2"}
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            plain)
                [[ $value == *= ]] && compopt -o nospace
                COMPREPLY+=("${value#"$prefix"}") ;;
            dir) compopt -o dirnames ;;
            file) files=yes ;;
        esac
    done < <(env COMP_WORDS="$line" %(complete_var)s=bash_complete "$1" 2>/dev/null)
    [[ -n $files ]] || return 0
    if ((${#COMPREPLY[@]})); then
        while read -r value; do
            compopt -o filenames
            COMPREPLY+=("$value")
        done < <(compgen -f -- "$2")
    else
        compopt -o default
    fi
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_ZSH: Final = r"""
#compdef %(prog_name)s

%(complete_func)s() {
    local -a plain described unfinished
    local option type value text
    (( ! $+commands[%(prog_name)s] )) && return 1
    local -a response=("${(@f)$(env COMP_WORDS="${words[1,CURRENT-1]} $PREFIX" \
        %(complete_var)s=zsh_complete %(prog_name)s 2>/dev/null)}")

    # Of --option=value, the value alone is completed.
    [[ $PREFIX == --*=* ]] && option=${PREFIX%%%%=*}=
    for type value text in $response; do
        case $type in
            plain)
                if [[ $value == *= ]]; then
                    unfinished+=("$value")
                elif [[ $text == _ ]]; then
                    plain+=("$value")
                else
                    described+=("${value//:/\\:}:$text")
                fi ;;
            dir | file)
                [[ -n $option ]] && compset -P 1 '*='
                [[ $type == dir ]] && _path_files -/ || _path_files -f ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described -U -P "$option"
    (( $#plain )) && compadd -U -P "$option" -V unsorted -a plain
    (( $#unfinished )) && compadd -U -S '' -V unsorted -a unfinished
}

if [[ $funcstack[1] == _%(prog_name)s ]]; then
    # From fpath: all of this is what completes, each time.
    %(complete_func)s "$@"
else
    # It is read by eval, source or the like.
    compdef %(complete_func)s %(prog_name)s
fi
"""

_FISH: Final = r"""
function %(complete_func)s
    set -l word (commandline -ct)
    # Of --option=value, what is offered begins as the word does.
    set -l option (string match -r -- '^--[^=]*=' $word)
    for line in (env COMP_WORDS=(commandline -cp) \
            %(complete_var)s=fish_complete %(prog_name)s 2>/dev/null)
        set -l found (string split --max 1 , -- $line)
        switch $found[1]
            case plain
                echo $found[2]
            case dir
                printf '%%s\n' "$option"(__fish_complete_directories $found[2])
            case file
                printf '%%s\n' "$option"(__fish_complete_path $found[2])
        end
    end
end

complete --no-files --keep-order --command %(prog_name)s \
    --arguments '(%(complete_func)s)'
"""


class _Bytes(str):
    # What click encodes: the bytes of a name need not be UTF-8.
    __slots__ = ()

    def encode(self, *_: Any) -> bytes:
        return super().encode("utf-8", "surrogateescape")


class _Shell(ShellComplete):
    #: Whether what is offered has to begin as the whole word does.
    whole_words = False

    def complete(self) -> str:
        return _Bytes(super().complete())

    def get_completion_args(self) -> tuple[list[str], str]:
        # The line up to the cursor; it may end within quotes.
        line = os.environ.get("COMP_WORDS", "")
        words = shell_completion.split_arg_string(line)
        if not words or line[-1:].isspace():
            return words[1:], ""
        return words[1:-1], words[-1]

    def get_completions(
        self, args: list[str], incomplete: str
    ) -> list[CompletionItem[Any]]:
        items = super().get_completions(args, incomplete)
        group = self._group_at(args)
        for item in items:
            command = group.commands.get(str(item.value)) if group else None
            text = command.help if command else item.help
            item.help = brief(text) if text else None
        option = re.match(r"--[^=]*=", incomplete)
        if option and self.whole_words:
            for item in items:
                if item.type == "plain":
                    item.value = f"{option[0]}{item.value}"
        return items

    def _group_at(self, args: list[str]) -> click.Group | None:
        # The group whose commands come next.
        command: click.Command | None = self.cli
        for word in args:
            if isinstance(command, click.Group) and word in command.commands:
                command = command.commands[word]
        return command if isinstance(command, click.Group) else None


class _Bash(_Shell):
    name = "bash"
    source_template = _BASH.lstrip()
    whole_words = True

    def format_completion(self, item: CompletionItem[Any]) -> str:
        return f"{item.type},{item.value}"


class _Zsh(_Shell):
    name = "zsh"
    source_template = _ZSH.lstrip()

    def format_completion(self, item: CompletionItem[Any]) -> str:
        return f"{item.type}\n{item.value}\n{item.help or '_'}"


class _Fish(_Shell):
    name = "fish"
    source_template = _FISH.lstrip()
    whole_words = True

    def format_completion(self, item: CompletionItem[Any]) -> str:
        text = f"\t{item.help}" if item.help else ""
        return f"{item.type},{item.value}{text}"


def brief(text: str) -> str:
    """Return as much of a description as a list has room for, no clause cut in two.

    >>> brief("Print every rule, or those whose code begins so, and say no more.")
    'Print every rule, or those whose code begins so'
    """
    line = " ".join(text.split("\n\n")[0].split()).removesuffix(".")
    masked = _BRACKETS.sub(lambda found: f"({'x' * (len(found[0]) - 2)})", line)
    for pattern in (_ENDS, _COMMA):
        ends = [found.start() for found in pattern.finditer(masked)]
        fitting = [end for end in ends if end <= MOST_LETTERS]
        if fitting:
            return line[: max(fitting)]
    return line


def register() -> None:
    """Have click speak to shells as this room says."""
    for shell in (_Bash, _Zsh, _Fish):
        shell_completion.add_completion_class(shell)
