export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/*
 * The scripts know nothing of the commands: they ask `relayctl complete`, so that they never need to
 * be made anew. A file name is offered where relayctl has no word.
 */

const BASH = `# bash completion for relayctl
_relayctl() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o bashdefault -o default -F _relayctl relayctl
`;

const ZSH = `#compdef relayctl
_relayctl() {
  local -a found
  found=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then
    compadd -a found
  else
    _files
  fi
}
if [ "\${funcstack[1]}" = _relayctl ]; then
  _relayctl "$@"
else
  compdef _relayctl relayctl
fi
`;

const FISH = `# fish completion for relayctl
function __relayctl_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] complete -- $words[2..-1] 2>/dev/null
end
complete -c relayctl -a '(__relayctl_complete)'
`;

const SCRIPTS: Record<Shell, string> = { bash: BASH, zsh: ZSH, fish: FISH };

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
