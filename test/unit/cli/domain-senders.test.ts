import { expect, test } from 'vitest';
import { accountsFor, senderDomains } from '../../../src/cli/domain-senders.ts';
import type { Settings } from '../../../src/relay/settings.ts';
import { account, routes } from '../policy/fixtures.ts';

test('rewritten mail leaves as the domain it is rewritten to', () => {
  const edits = (when: 'always' | 'unauthorized') => ({
    edits: { rewrite: { from: 'n@own.example', when }, add: {}, remove: [] },
  });
  const settings = {
    clients: new Map(),
    accounts: new Map([
      ['one', account('one')],
      ['two', account('two')],
    ]),
    routes: routes(
      { sender: '@a.example', action: ['one'], ...edits('always') },
      { sender: '@b.example', action: ['two'], ...edits('unauthorized') },
    ),
  } as unknown as Settings;
  const named = (domain: string) => accountsFor(domain, settings).map(({ name }) => name);
  expect(senderDomains(settings)).toEqual(['a.example', 'b.example', 'own.example']);
  expect(named('own.example')).toEqual(['one', 'two']);
  expect(named('a.example')).toEqual([]);
  expect(named('b.example')).toEqual(['two']);
});
