/**
 * The script for bash. What is typed is passed on as it is and nothing of it is run or expanded, quotes are text. It needs bash alone:
 * words that COMP_WORDS has in parts, at = and :, are put together by COMP_LINE.
 */
export const BASH_SCRIPT = `# bash completion for kaiyuan

__kaiyuan_complete() {
    local line=\${COMP_LINE-} cword=0 cur part word i
    local -a words=()
    [[ -n \${COMP_POINT-} ]] && line=\${line:0:COMP_POINT}
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=\${COMP_WORDS[i]-}
        part=$line
        line=\${line#"\${line%%[![:space:]]*}"}
        # The last word ends where the cursor is.
        if ((i == COMP_CWORD)) && [[ -n $part && $word == "$line"* ]]; then word=$line; fi
        if ((i > 0)) && [[ -n $word && $part == "$word"* && ($word == [=:]* || \${words[cword]} == *[=:]) ]]; then
            words[cword]+=$word
        else
            ((i > 0)) && cword=$((cword + 1))
            words[cword]=$word
        fi
        line=\${line#"$word"}
    done
    cur=\${words[cword]}

    local out directive=0
    out=$(kaiyuan complete -- "\${words[@]:1:cword}" 2>/dev/null)
    if [[ \${out##*$'\\n'} =~ ^:([0-9]+)$ ]]; then
        directive=\${BASH_REMATCH[1]}
        if [[ $out == *$'\\n'* ]]; then out=\${out%$'\\n'*}; else out=; fi
    fi
    COMPREPLY=()
    # 1: an error.
    ((directive & 1)) && return
    # 2: no space after it. 32: in this order. Older shells do not know all of these.
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    ((directive & 32)) && compopt -o nosort 2>/dev/null
    # 4: no files.
    ((directive & 4)) && compopt +o default 2>/dev/null

    # bash replaces what comes after the last = or : only.
    part=$cur
    [[ $cur == -*=* ]] && part=\${cur#*=}
    local ahead=
    [[ $part == *[=:]* ]] && ahead=\${part%"\${part##*[=:]}"}
    # 8: files that end so. 16: folders.
    if ((directive & 24)); then
        compopt -o filenames 2>/dev/null
        local kind=-f ends=$out
        ((directive & 16)) && kind=-d ends=
        out=
        while IFS= read -r word; do
            if [[ -z $ends || -d $word || $'\\n'$ends$'\\n' == *$'\\n'"\${word##*.}"$'\\n'* ]]; then out+=$word$'\\n'; fi
        done < <(compgen "$kind" -- "$part")
    fi
    # A description follows a tab.
    while IFS= read -r word; do
        word=\${word%%$'\\t'*}
        [[ -n $word && $word == "$part"* ]] && COMPREPLY+=("\${word#"$ahead"}")
    done <<<"$out"
    return 0
}

complete -F __kaiyuan_complete kaiyuan
`
