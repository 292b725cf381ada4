import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fate } from '../../../src/import/model.ts';
import { anyRecipient, anySender, exampleOf, routesOf } from '../../../src/import/survey.ts';
import { matchesAddress } from '../../../src/relay/address-pattern.ts';

test.each([
  ['A@Shop.example', 'a@shop.example', 'a@shop.example'],
  ['@shop.example', '@shop.example', 'anyone@shop.example'],
  ['*@shop.example', '@shop.example', 'anyone@shop.example'],
  ['*@*.shop.example', '*@*.shop.example', 'anyone@any.shop.example'],
  ['*', '*', anySender.address],
])('%s is an example', (text, pattern, address) => {
  expect(exampleOf(text)).toEqual({ pattern, address });
  expect(matchesAddress(pattern, address)).toBe(true);
});

test.each(['', 'no-address', 'a b@c', '$local@x', '^regex@x.example,', 'a@b@'])(
  '%j is none',
  (text) => {
    expect(exampleOf(text)).toBeNull();
  },
);

const pattern = fc.constantFrom(
  ...['a@one.example', 'b@one.example', '@one.example', '*@*.one.example', '@sub.one.example'],
  ...['a@two.example', '@two.example', 'a@sub.one.example'],
);
const fates = ['x', 'y', 'z'].map(
  (text): Fate => ({ is: 'reject', text, at: { file: 'f', line: 1 } }),
);

test('the first rule that matches an example says what the survey said', () => {
  const patterns = fc.uniqueArray(pattern, { maxLength: 6 });
  fc.assert(
    fc.property(
      patterns,
      patterns,
      fc.array(fc.nat(2), { minLength: 64, maxLength: 64 }),
      (from, to, table) => {
        const examples = (list: readonly string[]) => list.flatMap((text) => exampleOf(text) ?? []);
        const [senders, recipients] = [examples(from), examples(to)];
        const all = { senders: [...senders, anySender], recipients: [...recipients, anyRecipient] };
        const fateOf = (sender: string, recipient: string): Fate => {
          const row = all.senders.findIndex(({ address }) => address === sender);
          const column = all.recipients.findIndex(({ address }) => address === recipient);
          return fates[table[row * 8 + column] ?? 0] as Fate;
        };
        const routes = routesOf({ senders, recipients, fateOf, same: (a, b) => a === b });
        for (const { address: sender } of all.senders) {
          for (const { address: recipient } of all.recipients) {
            const first = routes.find(
              (route) =>
                (route.sender === null || matchesAddress(route.sender, sender)) &&
                (route.recipient === null || matchesAddress(route.recipient, recipient)),
            );
            expect(first?.fate).toBe(fateOf(sender, recipient));
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('senders and recipients that make no difference have no rule', () => {
  const [fate] = fates;
  const senders = ['a@one.example', '@one.example'].flatMap((text) => exampleOf(text) ?? []);
  const routes = routesOf({
    senders,
    recipients: senders,
    fateOf: () => fate ?? null,
    same: Object.is,
  });
  expect(routes).toEqual([{ sender: null, recipient: null, fate }]);
});
