import fc from 'fast-check';
import { expect, test } from 'vitest';
import { becomes, delivered, leased, leaseOf, T0 } from '../../contract/fixtures.ts';
import { openInProcessStore } from '../../contract/in-process-store.ts';
import { tamper, temporaryDirectory } from './temporary.ts';

/** When each recipient of a message is settled, after its acceptance; null: it stays in the queue. */
const fate = fc.record({
  acceptedMs: fc.nat(1_000),
  settledMs: fc.array(fc.option(fc.nat(1_000)), { minLength: 1, maxLength: 3 }),
});
const expiries = fc.array(fc.nat(3_000), { minLength: 1, maxLength: 4 });

test('whatever expires from the history, unsent mail is never touched', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fate, { maxLength: 12 }), expiries, async (fates, beforeMs) => {
      const directory = temporaryDirectory();
      let nowMs = T0;
      const store = openInProcessStore({ directory, clock: () => nowMs, report: () => {} });
      const mail = fates.map(({ acceptedMs, settledMs }) => {
        const to = settledMs.map((_, index) => `r${index}@x.example`);
        return { ...leased({ to, acceptedAtMs: T0 + acceptedMs }), acceptedMs, settledMs };
      });
      await store.accept(
        mail.map(({ message, body, lane, start }) => ({ message, body, lane, start })),
      );
      const settling = mail
        .flatMap(({ message: { id }, acceptedMs, settledMs }) =>
          settledMs.map((ms, index) => ({ id, index, atMs: ms === null ? null : acceptedMs + ms })),
        )
        .filter((one) => one.atMs !== null)
        .sort((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0));
      for (const { id, index, atMs } of settling) {
        nowMs = T0 + (atMs ?? 0);
        const rest = { lease: leaseOf(), attempt: null, notifications: [] };
        await store.settle({ id, recipients: [becomes(index, delivered)], ...rest });
      }
      for (const ms of beforeMs) await store.expireHistory(T0 + ms);
      const limitMs = Math.max(...beforeMs);
      for (const {
        message: { id },
        body,
        acceptedMs,
        settledMs,
      } of mail) {
        const { queued, history } = await store.show(id);
        const waiting = settledMs.filter((ms) => ms === null).length;
        expect(queued?.recipients.length ?? 0).toBe(waiting);
        if (waiting > 0) expect(await store.body(id)).toEqual(body);
        const endMs =
          waiting > 0 ? Infinity : acceptedMs + Math.max(...settledMs.map((ms) => ms ?? 0));
        const kept = endMs >= limitMs && waiting < settledMs.length;
        expect(history !== null).toBe(kept);
        const found = await store.search({ query: { id }, before: null, limit: 5 });
        expect(found.entries).toHaveLength(kept || waiting > 0 ? 1 : 0);
      }
      await store.close();
    }),
    { numRuns: 30 },
  );
});

test('the index forgets whole days, but not the messages that are left of them', async () => {
  const directory = temporaryDirectory();
  let nowMs = T0;
  const store = openInProcessStore({ directory, clock: () => nowMs, report: () => {} });
  const [gone, late] = [leased(), leased({ to: ['late@x.example'] })];
  await store.accept([gone, late]);
  for (const {
    message: { id },
  } of [gone, late]) {
    const rest = { lease: leaseOf(), attempt: null, notifications: [] };
    await store.settle({ id, recipients: [becomes(0, delivered)], ...rest });
    nowMs += 10 * 86_400_000;
  }
  const find = (recipient: string) =>
    store.search({ query: { recipient }, before: null, limit: 5 });
  expect((await find('late@x.example')).entries).toHaveLength(1);
  await store.expireHistory(T0 + 9 * 86_400_000);
  expect((await find('late@x.example')).entries).toHaveLength(1);
  expect((await find('you@example.net')).entries).toHaveLength(0);
  const left = (): unknown => {
    let ids: unknown = null;
    tamper(
      directory,
      (db) => {
        ids = db.prepare('SELECT COUNT(DISTINCT id) FROM terms').pluck().get();
      },
      'history.db',
    );
    return ids;
  };
  expect(left()).toBe(1);
  await store.expireHistory(T0 + 30 * 86_400_000);
  expect(left()).toBe(0);
  await store.close();
});
