import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene, temporaryDirectory, until } from './scene.ts';

/** What the resolver says of the upstream's name: addresses, or an error code. */
type Answer = readonly string[] | 'EAI_AGAIN' | 'ENOTFOUND';

async function resolver(first: Answer) {
  const file = join(await temporaryDirectory(), 'answer.json');
  const say = (answer: Answer): void => writeFileSync(file, JSON.stringify(answer));
  say(first);
  const preload = join(import.meta.dirname, 'test-resolver.ts');
  return { say, environment: { NODE_OPTIONS: `--import=${preload}`, TEST_RESOLVER: file } };
}

const sound = ['127.0.0.1'];
const account = { host: 'upstream.test', timeouts: { connect: '10s' } };

test.each(['EAI_AGAIN', 'ENOTFOUND'] as const)(
  'promise 5: the name of the upstream cannot be looked up (%s): the account waits, no mail bounces',
  async (code) => {
    const scene = await makeScene({ account });
    const { say, environment } = await resolver(code);
    const relay = await scene.start({ environment });
    await startLoad({ port: relay.ports[0] ?? 0, sessions: 5, messages: 30, ...scene }).ended;
    await relay.event('account.paused');
    say(sound);
    await drain(relay, scene);
    expect(expectNothingLost(scene, code).fates).toMatchObject({ delivered: 30 });
  },
);

test('promise 5: a name that flaps: nothing bounces and all of it goes', async () => {
  const scene = await makeScene({
    account: { ...account, limits: { messages_per_connection: 1 } },
  });
  const { say, environment } = await resolver(sound);
  const relay = await scene.start({ environment });
  const load = startLoad({ port: relay.ports[0] ?? 0, sessions: 2, ...scene });
  for (let times = 0; times < 4; times++) {
    const taken = scene.ledger.acknowledged.size;
    say(times % 2 === 0 ? 'EAI_AGAIN' : sound);
    await until('more is taken', () => scene.ledger.acknowledged.size >= taken + 20);
  }
  await load.stop();
  say(sound);
  await drain(relay, scene);
  const { fates, acknowledged } = expectNothingLost(scene, 'a name that flaps');
  expect(fates.delivered).toBe(acknowledged);
});

test('promise 5: dead addresses first: the next is tried beside them, and the account is not paused', async () => {
  const scene = await makeScene({ account });
  // Nobody listens on the first, nobody answers for the second (RFC 5737) and the third (RFC 3849).
  const { environment } = await resolver(['127.0.0.99', '192.0.2.1', '2001:db8::1', ...sound]);
  const relay = await scene.start({ environment });
  await startLoad({ port: relay.ports[0] ?? 0, sessions: 2, messages: 10, ...scene }).ended;
  await until('all of it has gone', () => scene.ledger.read(scene.directory).length === 0);
  expect(relay.events.filter(({ event }) => event === 'account.paused')).toEqual([]);
  expect(expectNothingLost(scene, 'dead addresses first').fates.delivered).toBe(10);
});
