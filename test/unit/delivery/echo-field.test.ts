import { expect, onTestFinished, test } from 'vitest';
import { startUpstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeSettings } from './harness.ts';

test.each([
  ['while feedback is taken', { listen: null }, true],
  ['not without', null, false],
])('our id goes along in the field that the provider echoes: %s', async (_, feedback, there) => {
  const upstream = await startUpstream({ tls: 'none' });
  const account = makeAccount('main', upstream.port, { echoField: 'X-PM-Metadata-relayd' });
  const settings = { ...makeSettings([account]), feedback: feedback as never };
  const rig = makeRig(settings);
  onTestFinished(async () => {
    await rig.delivery.drain(0);
    await upstream.close();
  });
  await rig.delivery.resume();
  const id = await rig.submit();
  await rig.event('message.completed');
  const body = String(upstream.messages[0]?.body);
  expect(body.includes(`X-PM-Metadata-relayd: ${id}\r\n`)).toBe(there);
});
