import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Quotas, type Reservation } from '../../../src/delivery/quotas.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import { StoreError } from '../../../src/relay/ports.ts';
import type { KeptQuota } from '../../../src/relay/quota.ts';
import type { QuotaRate } from '../../../src/relay/quota-rate.ts';
import { makeAccount, makeSettings, rolling } from './harness.ts';

interface Step {
  readonly kind:
    | 'pass'
    | 'begin'
    | 'end'
    | 'refuse'
    | 'jump'
    | 'restart'
    | 'reboot'
    | 'write'
    | 'fail';
  readonly by: number;
}

interface Write {
  readonly quota: KeptQuota;
  readonly atMs: number;
  readonly done: (error: Error | null) => void;
}

const T0 = 1_795_000_000_000;
const kinds = ['pass', 'begin', 'end', 'refuse', 'jump', 'restart', 'reboot', 'write'] as const;

/** A machine with its clocks, a disk that writes when it is told to, and a provider that counts. */
class World {
  readonly events: RelayEvent[] = [];
  /** Transactions that the provider counted, and when. Real time. */
  readonly counted: { readonly atMs: number; readonly recipients: number }[] = [];
  realMs = 0;
  #boot = 1;
  #bootedMs = -5_000;
  #wallAheadMs = T0;
  #disk = new Map<string, KeptQuota>();
  #keptAtMs = 0;
  #writes: Write[] = [];
  #running: { reservation: Reservation; recipients: number; sentAtMs: number | null }[] = [];
  #life = 0;
  quotas: Quotas;
  readonly #rates: readonly QuotaRate[];
  readonly #calendar: boolean;

  constructor(rates: readonly QuotaRate[]) {
    this.#rates = rates;
    this.#calendar = rates.some(({ zone }) => zone !== null);
    this.quotas = this.#start();
  }

  #start(): Quotas {
    const limits = { rate: this.#rates, recipients: 4 };
    const settings = makeSettings([makeAccount('a', 1, { limits })]);
    const disk = this.#disk;
    const [bootedMs, boot] = [this.#bootedMs, `boot-${this.#boot}`];
    return new Quotas({
      settings: () => settings,
      store: {
        quotas: async () => new Map(disk),
        saveQuota: (_name, quota) =>
          new Promise((resolve, reject) => {
            const done = (error: Error | null) => (error === null ? resolve() : reject(error));
            this.#writes.push({ quota, atMs: this.realMs, done });
          }),
      },
      emit: (event) => void this.events.push(event),
      clock: () => this.realMs + this.#wallAheadMs,
      monotonic: () => this.realMs - bootedMs,
      boot,
    });
  }

  async step({ kind, by }: Step): Promise<void> {
    if (kind === 'pass') this.realMs += by * (this.#calendar ? 20_000 : 7);
    if (kind === 'jump') this.#jump(by - 30);
    if (kind === 'begin') this.#begin(1 + (by % 4));
    if (kind === 'end' || kind === 'refuse') this.#end(by, kind === 'end');
    if (kind === 'restart' || kind === 'reboot') await this.#restart(kind, by);
    if (kind === 'write' || kind === 'fail') this.#write(kind === 'write');
    // Lets the promises of the limiter run as far as they can.
    for (let turn = 0; turn < 8; turn++) await Promise.resolve();
  }

  /** Calendars need a clock that is nearly right, rolling windows none. */
  #jump(by: number): void {
    if (this.#calendar) this.#wallAheadMs = T0 + by * 2_000;
    else this.#wallAheadMs += by * 50_000;
  }

  #begin(wanted: number): void {
    const recipients = Math.min(wanted, this.quotas.recipientsMax('a'));
    const reservation = this.quotas.reserve('a', recipients);
    if (reservation === null) return;
    const one = { reservation, recipients, sentAtMs: null as number | null };
    const life = this.#life;
    this.#running.push(one);
    void Promise.resolve(reservation.kept).then((kept) => {
      if (kept && life === this.#life) one.sentAtMs = this.realMs;
    });
  }

  /** The provider counts at some moment between the start and the end, this one or that. */
  #end(by: number, accepted: boolean): void {
    const [one] = this.#running.splice(by % Math.max(1, this.#running.length), 1);
    if (one === undefined) return;
    const counted = accepted && one.sentAtMs !== null ? one.recipients : 0;
    this.#count(one.sentAtMs, counted, by);
    one.reservation.end(counted);
  }

  #count(sentAtMs: number | null, recipients: number, by: number): void {
    if (sentAtMs === null) return;
    const atMs = sentAtMs + ((this.realMs - sentAtMs) * (by % 5)) / 4;
    if (recipients > 0) this.counted.push({ atMs, recipients });
  }

  #write(works: boolean): void {
    const write = this.#writes.shift();
    if (write === undefined) return;
    if (works) {
      this.#disk.set('a', write.quota);
      this.#keptAtMs = write.atMs;
    }
    write.done(works ? null : new StoreError('io', 'the disk failed'));
  }

  /** A crash: what ran may have been counted, and what was not written is lost. */
  async #restart(kind: 'restart' | 'reboot', by: number): Promise<void> {
    for (const one of this.#running) this.#count(one.sentAtMs, one.recipients, by);
    this.#running = [];
    this.#writes = [];
    this.#life++;
    if (kind === 'reboot') {
      // Nobody can tell a wall clock set forward while the machine was down from time passing.
      const keptMs = this.#disk.get('a')?.at.wallMs ?? T0;
      const seemsMs = this.realMs + this.#wallAheadMs - keptMs;
      this.#wallAheadMs -= Math.max(0, seemsMs - (this.realMs - this.#keptAtMs));
      this.#boot++;
      this.#bootedMs = this.realMs - (by % 3) * 100;
    }
    this.quotas = this.#start();
    let resumed = false;
    void this.quotas.resume().then(() => {
      resumed = true;
    });
    // The relay waits for the disk before it sends anything.
    while (!resumed) {
      for (let turn = 0; turn < 8; turn++) await Promise.resolve();
      this.#write(true);
    }
  }
}

/** What the provider counted against one rate: moments, one for each unit, in order. */
function unitsCounted({ counted }: World, { counts }: QuotaRate): number[] {
  return counted
    .flatMap(({ atMs, recipients }) =>
      new Array<number>(counts === 'recipients' ? recipients : 1).fill(atMs),
    )
    .sort((a, b) => a - b);
}

/** Most units that lay in one window at once. */
function mostInOneWindow(atMs: readonly number[], { windowMs, zone }: QuotaRate): number {
  const windows = atMs.map((firstMs) => {
    const hour = (ms: number) => Math.floor((T0 + ms) / windowMs);
    const inside = (ms: number) =>
      zone === null ? ms - firstMs < windowMs : hour(ms) === hour(firstMs);
    return atMs.filter((ms) => ms >= firstMs && inside(ms)).length;
  });
  return Math.max(0, ...windows);
}

const hourly = (count: number, counts: QuotaRate['counts']): QuotaRate => ({
  ...rolling(count, 3_600_000, counts),
  zone: 'UTC',
});

test.each([
  [
    'rolling windows',
    [
      [rolling(3, 1_000, 'recipients')],
      [rolling(5, 1_000, 'recipients'), rolling(9, 4_000, 'recipients')],
      [rolling(1, 350), rolling(7, 3_000, 'recipients')],
    ],
  ],
  [
    'windows of the calendar',
    [
      [hourly(4, 'recipients')],
      [hourly(3, 'messages'), hourly(7, 'recipients')],
      [hourly(3, 'messages'), rolling(8, 9_000_000, 'recipients')],
    ],
  ],
])(
  'never above the limit: %s, at any concurrency, across restarts and clock steps',
  async (_, some) => {
    const step = fc.record({
      kind: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom('begin' as const, 'write' as const) },
        { weight: 5, arbitrary: fc.constantFrom('pass' as const, 'end' as const) },
        { weight: 1, arbitrary: fc.constantFrom(...kinds, 'fail' as const) },
      ),
      by: fc.nat(60),
    });
    let counted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...some),
        fc.array(step, { minLength: 20, maxLength: 150 }),
        async (rates, steps) => {
          const world = new World(rates);
          for (const one of steps) await world.step(one);
          for (const rate of rates) {
            const at = unitsCounted(world, rate);
            counted += at.length;
            expect(mostInOneWindow(at, rate)).toBeLessThanOrEqual(rate.count);
          }
        },
      ),
      { numRuns: 2_000 },
    );
    expect(counted).toBeGreaterThan(2_000);
  },
);

test('as fast as allowed: what ends at once uses at least 98 % of the limit', async () => {
  const rates = [rolling(14, 1_000, 'recipients')];
  const world = new World(rates);
  while (world.realMs < 60_000) {
    await world.step({ kind: 'begin', by: 0 });
    await world.step({ kind: 'write', by: 0 });
    await world.step({ kind: 'end', by: 0 });
    await world.step({ kind: 'write', by: 0 });
    const fromMs = world.quotas.freeFrom('a', 1);
    if (fromMs > 0) world.realMs += fromMs - (world.realMs + T0);
  }
  expect(world.counted.length).toBeGreaterThan(14 * 60 * 0.98);
  expect(world.counted.length).toBeLessThanOrEqual(14 * 61);
});

test('reservations of one moment share a write, and nothing is sent when it fails', async () => {
  const world = new World([rolling(9, 1_000, 'recipients')]);
  const all = [1, 2, 1].map((recipients) => world.quotas.reserve('a', recipients)?.kept);
  await world.step({ kind: 'pass', by: 0 });
  await world.step({ kind: 'fail', by: 0 });
  expect(await Promise.all(all)).toEqual([false, false, false]);
  expect(world.events).toMatchObject([{ is: 'store.failed', fault: 'io' }]);
  expect(world.quotas.uses('a')[0]?.used).toBe(4);
});
