# Prints what zsh offers at the end of a line: zsh -f zsh-complete.zsh SCRIPT LINE
# A zsh in a pseudo terminal completes the line; its compadd prints what it is given.
zmodload zsh/zpty || exit 1
zpty z zsh -f -i
() {
  zpty -w z source $1
  local line
  repeat 4; do zpty -r z line; [[ $line == ok* ]] && return; done
} =(<<< "
PROMPT=
autoload compinit
compinit -u -D
source ${(q)1}
bindkey '^M' undefined
bindkey '^J' undefined
bindkey '^I' complete-word
null-line () { echo -E - \$'\0' }
compprefuncs=( null-line )
comppostfuncs=( null-line exit )
zstyle ':completion:*' list-grouped false
zstyle ':completion:*' insert-tab false
zstyle ':completion:*' list-separator ''
compadd () {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd \"\$@\"; return \$?; fi
  typeset -a __hits
  builtin compadd -A __hits \"\$@\"
  local one; for one in \$__hits; do print -r -- \"\$one\"; done
}
echo ok")
zpty -w z "$2"$'\t'
integer inside=0
while zpty -r z; do :; done | while IFS= read -r line; do
  if [[ $line == *$'\0\r' ]]; then (( inside++ )) && return 0 || continue; fi
  (( inside )) && print -r -- ${line%$'\r'}
done
exit 0
