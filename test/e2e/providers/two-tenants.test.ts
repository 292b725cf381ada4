import { expect, test } from 'vitest';
import { daemon } from '../scene.ts';
import {
  accountAt,
  second,
  settled,
  simulator,
  submitMany,
  told,
  usualMail,
  withAccounts,
} from './scene.ts';

const password = 'abcdefghijklmnop';
const addresses = ['a@one.example', 'b@two.example'] as const;

/** How long each message of the first tenant was in the relay while both send. */
async function waits(revoked: boolean): Promise<number[]> {
  const [one, two] = addresses;
  const gmail = await simulator({
    provider: 'gmail',
    credentials: { [one]: { password }, [two]: { password, revoked } },
  });
  const tenant = (username: string) =>
    accountAt(gmail, 'gmail', { username, password, identities: [username] });
  const routes = [
    { sender: one, accounts: ['one'] },
    { sender: two, accounts: ['two'] },
  ];
  const accounts = { one: await tenant(one), two: await tenant(two) };
  const relay = await daemon({ config: withAccounts(accounts, { routes }) });
  await submitMany(relay, 200, (n) => ({ ...usualMail(n), from: addresses[n % 2] }));
  const ofOne = () => settled(relay, 'delivered').filter(({ account }) => account === 'one');
  await expect.poll(() => ofOne().length, { timeout: 30_000 }).toBe(100);

  expect(settled(relay, 'bounced')).toEqual([]);
  const held = told(relay, 'account.held');
  expect(held.map(({ account }) => account)).toEqual(revoked ? ['two'] : []);
  const { [one]: tally } = await gmail.report();
  expect(tally?.loginsRefused).toEqual([]);
  return ofOne().map(({ waitedMs }) => Number(waitedMs));
}

// The machine may be busy: the same load is over both, and a run that it spoils is repeated.
test("a revoked app password delays no other tenant's mail by more than a second", {
  retry: 2,
}, async () => {
  const [alone, beside] = await Promise.all([waits(false), waits(true)]);
  expect(Math.max(...beside)).toBeLessThan(Math.max(...alone) + second);
});
