import { expect, test } from 'vitest';
import { daemon, mainLogin, simpleConfig, submit, upstream } from './scene.ts';

test('words that no rule knows: at most two bounce, and all others go after resume', async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'end-of-data', do: { reply: '550 5.7.1 Blocked by policy, ref 8861-A' } }],
  });
  const relay = await daemon({ config: await simpleConfig(server) });
  const [port = 0] = relay.ports;
  for (let n = 0; n < 20; n++) {
    await submit(port, { from: 'a@relay.test', to: `r${n}@dest.test`, text: 'x' });
  }
  const held = await relay.event('account.held');
  expect(held).toMatchObject({ reason: 'refusals', hint: expect.stringContaining('resume') });
  const settled = (outcome: string) =>
    relay.events.filter((one) => one.event === 'recipient.settled' && one.outcome === outcome);
  const bounced = settled('bounced').length;
  expect(bounced).toBeLessThanOrEqual(2);

  server.script([]);
  expect((await relay.relayctl('account', 'resume', 'main')).code).toBe(0);
  // Of what bounced the sender is told: a notification each, unless that is what bounced.
  const completed = () => relay.events.filter(({ event }) => event === 'message.completed');
  const accepted = () => relay.events.filter(({ event }) => event === 'message.accepted');
  await expect.poll(() => accepted().length - completed().length).toBe(0);
  expect(settled('bounced')).toHaveLength(bounced);
});
