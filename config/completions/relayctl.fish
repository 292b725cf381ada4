# fish completion for relayctl
function __relayctl_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] complete -- $words[2..-1] 2>/dev/null
end
complete -c relayctl -a '(__relayctl_complete)'
