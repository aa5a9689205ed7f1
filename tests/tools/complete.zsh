# What zsh offers for a command line. Runs an interactive zsh on a terminal of its own, types each line of standard input
# and a tab there, and prints "LINE => CANDIDATES", sorted.
# Arguments: the folder that holds _dragoman, a folder for files of its own.
zmodload zsh/zpty
where=$1
found=$2/zsh.found

# Until the shell has made the file; what it prints meanwhile is thrown away, or the terminal would be full.
await() {
    local i echoed
    for ((i = 0; i < 6000; i++)); do
        if [[ -e $1 ]]; then
            rm -f $1
            return 0
        fi
        zpty -r -t shell echoed
        sleep 0.01
    done
    print "zsh does not answer"
    exit 1
}

zpty -b shell zsh -f -i || exit 1  # no terminal to be had
zpty -w shell "fpath=(${(q)where} \$fpath); autoload -U compinit; compinit -u -D"
# Candidates go through compadd: with -O, -A or -D they are only looked at, otherwise they are offered.
zpty -w shell 'compadd() {
    [[ $@[1,(i)(-|--)] == *-(O|A|D)* ]] && { builtin compadd "$@"; return }
    local -a __offered
    builtin compadd -A __offered "$@"
    print -rl -- $__offered >> '${(q)found}'
    builtin compadd "$@"
}'
zpty -w shell "finish() { : > ${(q)found}.done }; LISTMAX=1000; bindkey '^I' complete-word; : > ${(q)found}.ready"
await $found.ready
while IFS= read -r typed; do
    zpty -w shell "comppostfuncs=(finish); : > ${(q)found}; : > ${(q)found}.ready"
    await $found.ready
    zpty -w -n shell $typed$'\t'
    await $found.done
    offered=(${(ou)${(f)"$(<$found)"}})
    print -r -- "$typed => $offered[*]"
    zpty -w -n shell $'\x15'
done
zpty -d shell
