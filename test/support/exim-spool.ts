import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One message as Exim 4.96 keeps it. */
export interface SpooledSample {
  readonly id: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly receivedAtMs: number;
  readonly frozen?: boolean;
  readonly body?: string;
  /** Who has it already. */
  readonly served?: string;
}

/** Writes ID-H and ID-D below `input/` of the spool. */
export function writeSpooled(spool: string, sample: SpooledSample): void {
  const { id, sender, recipients, receivedAtMs } = sample;
  mkdirSync(join(spool, 'input'), { recursive: true });
  const seconds = Math.floor(receivedAtMs / 1000);
  const lines = [
    `${id}-H`,
    'app 1000 1000',
    `<${sender}>`,
    `${seconds} 0`,
    `-received_time_usec .${String(receivedAtMs % 1000).padStart(3, '0')}000`,
    '-ident app',
    '-received_protocol local',
    '-body_linecount 1',
    ...(sample.frozen ? [`-frozen ${seconds + 60}`] : []),
    '-local',
    sample.served === undefined ? 'XX' : `NN ${sample.served}`,
    String(recipients.length),
    ...recipients,
    '',
    field('F', `From: <${sender}>`),
    field(' ', `Subject: from the spool, ${id}`),
    field('I', `Message-Id: <E${id}@host.test>`),
    '',
  ];
  writeFileSync(join(spool, 'input', `${id}-H`), lines.join('\n'));
  writeFileSync(join(spool, 'input', `${id}-D`), `${id}-D\n${sample.body ?? 'hello\n'}`);
}

/** Its length counts the line end. */
function field(letter: string, text: string): string {
  return `${String(text.length + 1).padStart(3, '0')}${letter} ${text}`;
}
