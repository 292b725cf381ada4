import { expect, test } from 'vitest';
import type { EvidenceReport } from '../../src/control/evidence-report.ts';
import type { Happened } from '../../src/policy/timeline.ts';
import type { LogPage } from '../../src/relay/log-search.ts';
import { ask, daemon, idOf, mainLogin, simpleConfig, submit, upstream } from './scene.ts';

interface Found extends LogPage {
  readonly entries: readonly (LogPage['entries'][number] & {
    readonly events: readonly Happened[];
  })[];
}

test('what became of mail is found by what one knows of it, and told to the provider', async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [
      { at: 'rcpt', path: 'gone@dest.test', do: { reply: '550 5.1.1 no such user here' } },
      { at: 'rcpt', path: 'later@dest.test', do: { reply: '450 4.2.1 try again later' } },
    ],
  });
  const relay = await daemon({ config: await simpleConfig(server) });
  const [port = 0] = relay.ports;
  const mail = {
    from: 'sender@relay.test',
    subject: 'the secret subject',
    text: 'the secret body',
  };
  const good = idOf(
    await submit(port, { ...mail, to: 'good@dest.test', messageId: '<good@relay.test>' }),
  );
  const bad = idOf(await submit(port, { ...mail, to: ['gone@dest.test', 'later@dest.test'] }));
  await server.taken(2);

  const search = (...options: readonly string[]) => ask<Found>(relay, 'log', 'search', ...options);
  const ids = ({ entries }: Found) =>
    entries.map(({ queued, history }) => (queued ?? history)?.message.id);
  expect(ids(await search('--message-id', 'good@relay.test'))).toEqual([good]);
  expect(ids(await search('--recipient', 'GOOD@dest.test'))).toEqual([good]);
  // Newest first; the notification came by the same client's way.
  const all = ids(await search('--client', 'app', '--sender', '@relay.test', '--account', 'main'));
  expect(all.slice(1)).toEqual([bad, good]);
  // Still in the queue for one recipient, and bounced for the other: the sender was told.
  const { entries } = await search(bad);
  const happened = entries[0]?.events.map(({ what, recipient }) => [what, recipient]) ?? [];
  expect(happened).toEqual(
    expect.arrayContaining([
      ['accepted', null],
      ['bounced', 'gone@dest.test'],
      ['deferred', 'later@dest.test'],
      ['notified', null],
    ]),
  );
  expect(entries[0]?.queued?.recipients).toHaveLength(1);

  const evidence = await ask<EvidenceReport>(relay, 'evidence', bad);
  const said = evidence.entry.history?.dialogues?.flatMap(({ lines }) => lines) ?? [];
  expect(said).toEqual(
    expect.arrayContaining(['> RCPT TO:<gone@dest.test>', '< 550 5.1.1 no such user here']),
  );
  expect(said.some((line) => /^> AUTH \w+ \[secret\]$/.test(line))).toBe(true);
  expect(evidence.rules).toMatchObject([
    { account: 'main', phase: 'rcpt', source: 'the generic rules', verdict: { action: 'bounce' } },
    { account: 'main', verdict: { action: 'retry' } },
  ]);
  expect(evidence.accounts).toMatchObject([
    { name: 'main', certificate: { names: expect.anything() } },
  ]);
  const text = JSON.stringify(evidence);
  expect(text).not.toContain('upstream-password');
  expect(text).not.toContain(Buffer.from('upstream-password').toString('base64'));
  expect(text).not.toContain('the secret');
});
