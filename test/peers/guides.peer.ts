import { expect, onTestFinished, test } from 'vitest';
import { type MachineOptions, startMachine } from './guides/machine.ts';
import { cpanel, exim, msmtp, postfix } from './guides/machines.ts';
import { isAsShown, stepsOf } from './guides/transcript.ts';

/** The provider's view at the end: who logged in, and for whom mail came. */
type Mail = readonly [login: string, sender: string, recipient: string];

/** What a guide shows after a `sleep` may take so much longer here. */
const slowMachineMs = 20_000;

const guides: readonly { file: string; machine: MachineOptions; mail: readonly Mail[] }[] = [
  {
    file: 'from-exim.md',
    machine: exim,
    mail: [
      ['office@velosi.example', 'office@velosi.example', 'ada@dest.example'],
      ['apikey', 'news@shop.example', 'bob@dest.example'],
      ['apikey', 'news@shop.example', 'ada@dest.example'],
      ['office@velosi.example', 'office@velosi.example', 'carl@gone.example'],
      ['office@velosi.example', 'office@velosi.example', 'dora@dest.example'],
      ['office@velosi.example', 'office@velosi.example', 'ada@dest.example'],
    ],
  },
  {
    file: 'from-postfix.md',
    machine: postfix,
    mail: [
      ['office@velosi.example', 'office@velosi.example', 'ada@dest.example'],
      ['office@velosi.example', 'office@velosi.example', 'dora@dest.example'],
      ['office@velosi.example', 'office@velosi.example', 'dora@dest.example'],
    ],
  },
  {
    file: 'from-msmtp.md',
    machine: msmtp,
    mail: [
      ['office@velosi.example', 'office@velosi.example', 'bob@dest.example'],
      ['apikey', 'news@shop.example', 'carl@dest.example'],
      ['office@velosi.example', 'office@velosi.example', 'ada@dest.example'],
    ],
  },
  {
    file: 'behind-cpanel.md',
    machine: cpanel,
    mail: [['office@velosi.example', 'office@velosi.example', 'ada@dest.example']],
  },
];

test.each(guides)(
  '$file: every command does what it says',
  async ({ file, machine, mail }) => {
    const own = await startMachine(machine);
    onTestFinished(own.close);
    for (const { command, shown, line, afterPause } of stepsOf(file)) {
      const until = Date.now() + (afterPause ? slowMachineMs : 0);
      let { output } = await own.run(command);
      while (!isAsShown(shown, output) && Date.now() < until) ({ output } = await own.run(command));
      const place = `docs/${file}:${line}: ${command}`;
      expect(isAsShown(shown, output) ? place : `${place}\n${output}`).toBe(place);
    }
    const delivered = await own.delivered(mail.length);
    const seen = delivered.map(({ authenticatedAs, reversePath, recipients }) =>
      [authenticatedAs, reversePath, ...recipients].join(' '),
    );
    expect(seen.toSorted()).toEqual(mail.map((each) => each.join(' ')).toSorted());
  },
  120_000,
);
