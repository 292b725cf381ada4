#compdef relayctl
_relayctl() {
  local -a found
  found=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${found[1]}" ]]; then
    compadd -a found
  else
    _files
  fi
}
if [ "${funcstack[1]}" = _relayctl ]; then
  _relayctl "$@"
else
  compdef _relayctl relayctl
fi
