import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A command of a guide and what the guide says it prints. */
export interface Step {
  readonly command: string;
  readonly shown: string;
  readonly line: number;
  /** It only looks at what happens meanwhile: the command before it is a `sleep`. */
  readonly afterPause: boolean;
}

const docs = join(import.meta.dirname, '../../../docs');

/** What stands in the blocks marked as console: commands behind `# `, their output below. */
export function stepsOf(guide: string): Step[] {
  const steps: { command: string; shown: string; line: number; afterPause: boolean }[] = [];
  let inside = false;
  let document = '';
  readFileSync(join(docs, guide), 'utf8')
    .split('\n')
    .forEach((line, index) => {
      const last = steps.at(-1);
      if (line === '```console') inside = true;
      else if (line === '```') inside = false;
      else if (!inside) return;
      else if (document !== '' && last !== undefined) {
        last.command += `\n${line}`;
        if (line === document) document = '';
      } else if (line.startsWith('# ')) {
        const afterPause = last?.command.startsWith('sleep ') ?? false;
        steps.push({ command: line.slice(2), shown: '', line: index + 1, afterPause });
        document = /<<'?(\w+)/.exec(line)?.[1] ?? '';
      } else if (last !== undefined) last.shown += `${line}\n`;
    });
  return steps;
}

/** Differs from run to run: ids, instants, how long something took, sizes, process ids, pins. */
const changing: readonly [RegExp, string][] = [
  [/\b1x\w{4}-\w{6}-\w\w\b/g, 'EXIM-ID'],
  [/\b(?=\w*\d)[0-9A-F]{6,15}\b/g, 'POSTFIX-ID'],
  [/\b(?=\w*\d)[0-9a-z]{11}\b/g, 'ID'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z?/g, 'INSTANT'],
  [/\b\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d\b/g, 'INSTANT'],
  [/\b\d+(?:\.\d+)? ?(?:ms|min|s|m|h)\b/g, 'WHILE'],
  [/\b\d+(?:\.\d+)?(?:B|KiB|MiB)\b/g, 'SIZE'],
  [/\bpid \d+/g, 'pid PID'],
  [/\bsession \d+/g, 'session N'],
  [/sha256[:/][\w+/=]+/g, 'PIN'],
];

function lines(text: string): string[] {
  let fixed = text;
  for (const [pattern, name] of changing) fixed = fixed.replace(pattern, name);
  const words = fixed.split('\n').map((line) => line.replace(/[\s-]+/g, ' ').trim());
  return words.filter((line) => line !== '');
}

/** Whether this is what the guide shows; `...` stands for any lines, at a line's end for its rest. */
export function isAsShown(shown: string, output: string): boolean {
  const pattern = lines(shown).map((line) => {
    if (line === '...') return '(?:.*\n)*?';
    const text = line.replace(/\s*\.\.\.$/, '').replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    return `${text}${line.endsWith('...') ? '.*' : ''}\n`;
  });
  const said = lines(output).map((line) => `${line}\n`);
  return new RegExp(`^${pattern.join('')}$`).test(said.join(''));
}
