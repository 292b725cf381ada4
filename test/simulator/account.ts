import { type Allowance, type Meter, makeMeter } from './meter.ts';

/** One login at the provider, and what the provider lets it do. */
export interface CredentialOptions {
  readonly password: string;
  /** The password is no longer taken. */
  readonly revoked?: boolean;
  /** Addresses and `@domains` it may send as; default: all. */
  readonly sendAs?: readonly string[];
  /** In the sandbox: the recipients it may write to. Default: not in a sandbox. */
  readonly sandbox?: readonly string[];
}

/** Of each credential for itself; what is missing is not limited. */
export interface Limits {
  readonly connections?: number;
  readonly sessionMessages?: number;
  /** Of one message. */
  readonly recipients?: number;
  readonly logins?: Allowance;
  readonly credits?: Allowance;
  readonly rate?: Allowance;
  readonly quota?: Allowance;
}

/** What the provider saw of one credential. Times in milliseconds of the epoch. */
export interface Tally {
  sessionsMax: number;
  loginsAcceptedAtMs: number[];
  loginsRefused: { atMs: number; reply: string }[];
  takenAtMs: number[];
  /** Replies to anything but a login, by their text. */
  refusals: Record<string, number>;
}

const METERED = ['logins', 'credits', 'rate', 'quota'] as const;
type Metered = (typeof METERED)[number];

export interface Account {
  options: CredentialOptions;
  readonly sessions: Set<number>;
  readonly tally: Tally;
  meters: Partial<Record<Metered, Meter>>;
}

export function makeAccount(options: CredentialOptions, limits: Limits): Account {
  return {
    options,
    sessions: new Set(),
    tally: {
      sessionsMax: 0,
      loginsAcceptedAtMs: [],
      loginsRefused: [],
      takenAtMs: [],
      refusals: {},
    },
    meters: makeMeters(limits),
  };
}

/** All unused. */
export function makeMeters(limits: Limits): Account['meters'] {
  return Object.fromEntries(
    METERED.flatMap((name) => {
      const allowance = limits[name];
      return allowance === undefined ? [] : [[name, makeMeter(allowance)]];
    }),
  );
}

/** Those that no entry of the list covers. */
export function uncovered(
  addresses: readonly string[],
  list: readonly string[] | undefined,
): string[] {
  if (list === undefined) return [];
  return addresses.filter(
    (address) => !list.some((entry) => entry === address || address.endsWith(`@${bare(entry)}`)),
  );
}

function bare(domain: string): string {
  return domain.startsWith('@') ? domain.slice(1) : '\0';
}
