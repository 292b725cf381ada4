import { afterEach, expect, test } from 'vitest';
import { replyRulesOf } from '../../../src/config/presets.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

async function flush(): Promise<void> {
  const flushed = await rig.store.flush({ filter: {}, includeHeld: false, nowMs: rig.now() });
  await rig.delivery.flushed(flushed);
}

async function leased(): Promise<number> {
  const counts = await rig.store.counts();
  return counts.find(({ state }) => state === 'leased')?.recipients ?? 0;
}

test('a flush takes from the queue only what the connections can carry', async () => {
  upstream = await startUpstream({ tls: 'none' });
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { limits: { connections: 3 } })]));
  await rig.delivery.resume();
  for (let n = 0; n < 600; n++) await rig.enqueue({ dueAtMs: rig.now() + 3_600_000 });
  await flush();
  let most = 0;
  await rig.until(async () => {
    most = Math.max(most, await leased());
    return rig.all('message.completed').length === 600;
  }, 'all of them');
  // Those that run, those of one claim, and what another claim brings while that is used up.
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(3 + 3 + 50 + 50);
  expect(upstream.sessions.total).toBeLessThanOrEqual(3 + Math.ceil(600 / 100) + 3);
});

test('an upstream that says "too fast" gets fewer, not a storm, and nothing bounces', async () => {
  upstream = await startUpstream({ tls: 'none' });
  const account = makeAccount('a', upstream.port, {
    limits: { connections: 3 },
    replyRules: replyRulesOf('ses'),
  });
  rig = makeRig(makeSettings([account]));
  await rig.delivery.resume();
  upstream.script([
    {
      at: 'end-of-data',
      do: { reply: '454 Throttling failure: Maximum sending rate exceeded.' },
    },
  ]);
  for (let n = 0; n < 300; n++) await rig.enqueue({ dueAtMs: rig.now() + 3_600_000 });
  await flush();
  await rig.event('account.slowed');
  const refused = upstream.messages.length;
  upstream.script([]);
  await rig.until(() => rig.all('message.completed').length >= 2, 'it goes on');
  expect(refused).toBeLessThanOrEqual(6);
  expect(rig.all('recipient.settled').some(({ outcome }) => outcome === 'bounced')).toBe(false);
});
