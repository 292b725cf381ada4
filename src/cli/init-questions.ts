import { type Preset, presetNames, readPreset } from '../config/presets.ts';
import { didYouMean } from '../config/wanted.ts';
import { printable } from '../lib/printable.ts';
import { EX_DATAERR, EX_USAGE } from '../lib/sysexits.ts';
import { Failure } from './failure.ts';
import type { InitPlan } from './init-plan.ts';
import type { Io } from './io.ts';

/** What the command line says; undefined: to be asked for. */
export interface Given {
  readonly provider?: string | undefined;
  readonly region?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly account?: string | undefined;
  readonly address?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly clientId?: string | undefined;
  readonly client?: readonly string[] | undefined;
}

/** For any server that no preset knows. */
export const otherProvider = 'other';

type Ask = Pick<Io, 'readLine' | 'readHidden' | 'err'>;

/**
 * The plan from what is given, and from a person's answers where something is missing. Rejects with
 * Failure, without a person with the name of the option that is missing.
 */
export async function planFrom(given: Given, io: Ask | null): Promise<InitPlan> {
  const provider = given.provider ?? (await chooseProvider(io));
  const preset = provider === otherProvider ? null : knownPreset(provider);
  const { host, region, port } = await serverOf(given, preset, io);
  const address =
    given.address ?? (await ask(io, '--address', 'Sender address (or @domain) of your apps: '));
  checkAddress(address);
  const username = await usernameOf(given, { preset, address }, io);
  const login = await loginOf(given, { preset, username }, io);
  return {
    provider: preset === null ? null : provider,
    region,
    host,
    port,
    account: given.account ?? (preset === null ? 'upstream' : provider),
    address,
    username,
    login,
    clients: given.client ?? (await appsOf(io)),
  };
}

async function ask(
  io: Ask | null,
  option: string,
  question: string,
  usual?: string,
): Promise<string> {
  if (io === null) {
    if (usual !== undefined) return usual;
    throw new Failure('usage', EX_USAGE, `${option} is missing, and there is nobody to ask`);
  }
  for (;;) {
    const answer = (await io.readLine(question)) || usual;
    if (answer !== undefined) return answer;
  }
}

function knownPreset(name: string): Preset {
  const preset = readPreset(name);
  if (preset !== null) return preset;
  const hint =
    didYouMean(name, presetNames()) || `; see relayctl provider list, or "${otherProvider}"`;
  throw new Failure('no-such-provider', EX_DATAERR, `unknown provider ${name}${hint}`);
}

/** A name, a number of the list, or a part of name or title that fits one only. */
async function chooseProvider(io: Ask | null): Promise<string> {
  const all = [
    ...presetNames().map((name) => ({ name, title: readPreset(name)?.title ?? '' })),
    { name: otherProvider, title: 'any other SMTP server' },
  ].map((one, index) => ({ ...one, number: String(index + 1) }));
  const show = (some: typeof all): void =>
    io?.err(
      some.map(({ name, title, number }) => `${number.padStart(4)}  ${name}: ${title}\n`).join(''),
    );
  show(all);
  for (;;) {
    const answer = await ask(io, '--provider', 'Provider (number, name, or a part of it): ');
    const text = answer.toLowerCase();
    const exact = all.find(({ name, number }) => name === text || number === text);
    const found = all.filter(({ name, title }) => `${name} ${title}`.toLowerCase().includes(text));
    if (exact !== undefined) return exact.name;
    if (found.length === 1 && found[0] !== undefined) {
      io?.err(`${found[0].name}: ${found[0].title}\n`);
      return found[0].name;
    }
    if (found.length > 1) show(found);
    else io?.err(`No provider ${printable(answer)}${didYouMean(text, presetNames())}\n`);
  }
}

async function serverOf(
  given: Given,
  preset: Preset | null,
  io: Ask | null,
): Promise<Pick<InitPlan, 'host' | 'region' | 'port'>> {
  const port = given.port ?? null;
  const region = given.region ?? null;
  if (given.host !== undefined) return { host: given.host, region, port };
  if (preset === null || preset.host === undefined) {
    const host = await ask(io, '--host', 'Name of the server: ');
    const answer = io === null || port !== null ? '' : await io.readLine('Its port [587]: ');
    return { host, region, port: answer === '' ? port : portFrom(answer) };
  }
  if (region !== null || !preset.host.includes('{region}')) return { host: null, region, port };
  const example = preset.regions[0] ?? '';
  return { host: null, region: await ask(io, '--region', `Region, such as ${example}: `), port };
}

function portFrom(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port > 0 && port <= 65_535) return port;
  throw new Failure('data', EX_DATAERR, 'a port is a number from 1 to 65535');
}

function checkAddress(address: string): void {
  if (/^[^\s@<>]*@[^\s@<>]+\.[^\s@<>]+$/.test(address)) return;
  const text = `${address} is neither a mail address such as app@shop.example nor a domain such as @shop.example`;
  throw new Failure('data', EX_DATAERR, text);
}

interface Known {
  readonly preset: Preset | null;
  readonly address: string;
}

async function usernameOf(
  given: Given,
  { preset, address }: Known,
  io: Ask | null,
): Promise<string | null> {
  if (given.username !== undefined) return given.username === '' ? null : given.username;
  if (preset?.username !== undefined) return null;
  if (preset?.login === 'optional') {
    return (await ask(io, '--username', 'Username (empty: known by its address): ', '')) || null;
  }
  // Where the username says who may send it is a mailbox; elsewhere it is an access key or the like.
  const mailbox =
    preset === null || (preset.identities === undefined && preset.derived_password === undefined);
  const usual = mailbox && !address.startsWith('@') ? address : undefined;
  const hint = usual === undefined ? '' : ` [${printable(usual)}]`;
  return ask(io, '--username', `Username${hint}: `, usual);
}

async function loginOf(
  given: Given,
  { preset, username }: { preset: Preset | null; username: string | null },
  io: Ask | null,
): Promise<InitPlan['login']> {
  if (given.clientId !== undefined || preset?.auth === 'xoauth2') {
    const question = 'Client id of your OAuth application (it has no password): ';
    return { is: 'device', clientId: given.clientId ?? (await ask(io, '--client-id', question)) };
  }
  if (preset?.login === 'optional' && username === null) return { is: 'none' };
  if (given.password !== undefined) return { is: 'password', password: given.password };
  if (io === null) {
    throw new Failure('usage', EX_USAGE, '--password-file is missing, and there is nobody to ask');
  }
  if (preset?.password !== undefined) io.err(`${printable(preset.password.hint)}\n`);
  return { is: 'password', password: await io.readHidden('Password: ') };
}

async function appsOf(io: Ask | null): Promise<readonly string[]> {
  const text = await ask(io, '--client', 'Names of your apps, with commas [app]: ', 'app');
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
