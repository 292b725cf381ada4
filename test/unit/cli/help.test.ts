import { expect, test } from 'vitest';
import { relayctl } from './harness.ts';

test.each([
  ['help', 'help topics are listed', 'relayctl help TOPIC'],
  ['help queue flush', 'the same as --help', 'Usage: relayctl queue flush'],
  ['help states', 'a topic', 'in-doubt'],
  ['help exim', 'a topic', 'exim -qff'],
  ['help exim', 'the programs that keep their names', 'sendmail, mailq, newaliases and exim'],
  ['help exim', 'sendmail of cron jobs', 'sendmail -t'],
  ['help filters', 'flush alone needs no choice', 'queue flush alone'],
])('%s: %s', async (line, _, text) => {
  const ran = await relayctl(line);
  expect(ran).toMatchObject({ exitCode: 0, err: '' });
  expect(ran.out).toContain(text);
});

test('a mistake names the topics', async () => {
  const ran = await relayctl('help queu');
  expect(ran).toMatchObject({ exitCode: 64, out: '' });
  expect(ran.err).toContain('topics: states, filters, ids, secrets, exim');
});
