import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SurveyTarget } from '../delivery/port-survey.ts';
import { formatDuration } from '../lib/duration.ts';
import { EX_DATAERR, EX_OK, EX_UNAVAILABLE } from '../lib/sysexits.ts';
import type { Account } from '../relay/account.ts';
import { readSpan } from './argument-readers.ts';
import { annotate, type Context, type Invocation, noun, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { settingsOf } from './load.ts';
import type { SurveyReport } from './probe-report.ts';
import { renderSurvey } from './probe-text.ts';

/** What providers and hosters listen on. */
const usualPorts = [25, 465, 587, 2525, 2587, 2465, 2079];
const portsMax = 32;
const timeoutMsMax = 10 * 60_000;

/** `relayctl upstream ...` */
export function addUpstream(program: Command, context: Context): void {
  const upstream = noun(program, 'upstream', 'look at mail servers that an account might use');
  const probe = upstream
    .command('probe')
    .description('see on which ports a server takes mail, with which TLS, and how to configure it')
    .argument('<host>', 'name or address of the server', readHost)
    .addOption(
      new Option('--ports <list>', 'ports to try, separated by commas')
        .argParser(readPorts)
        .default(usualPorts, usualPorts.join(',')),
    )
    .option('--account <name>', 'log in with the credentials of this account of relay.yaml')
    .addOption(
      new Option('--timeout <duration>', 'for a connection; answers get three times as long')
        .argParser(readTimeout)
        .default(5_000, '5s'),
    );
  annotate(probe, {
    examples: [
      [
        'upstream probe mail.old-host.example',
        'Works without the daemon and sends no mail. Exit code 69 when no port is of use.',
      ],
      [
        'upstream probe smtp.gmail.com --ports 465,587 --account gmail',
        'Its password goes only to a server whose certificate is verified or pinned.',
      ],
    ],
    json: '{host, account, usable, best: {port, lines[]} | null, ports: {port, state, ...}[], notes[]}',
  });
  onAction(probe, context, async (invocation) => {
    const report = await survey(invocation);
    invocation.print(report, () => renderSurvey(report, invocation.io));
    return report.usable ? EX_OK : EX_UNAVAILABLE;
  });
}

async function survey(invocation: Invocation): Promise<SurveyReport> {
  const { args, io, options } = invocation;
  const host = String(args[0]);
  const { account, hostname } = await surroundings(invocation);
  const [{ surveyPort }, { logInAtPorts }, { reportOf }] = await Promise.all([
    import('../delivery/port-survey.ts'),
    import('./port-login.ts'),
    import('./probe-report.ts'),
  ]);
  const target = targetOf(host, account);
  const { signal } = new AbortController();
  const way = { hostname, clock: () => io.nowMs(), signal, timeoutMs: Number(options.timeout) };
  const ports = await Promise.all(
    (options.ports as readonly number[]).map((port) => surveyPort(target, port, way)),
  );
  const logins = account === null ? null : await logInAtPorts(account, ports, target, way);
  return reportOf(ports, logins, { host, account, nowMs: io.nowMs() });
}

async function surroundings({
  io,
  location,
  options,
}: Invocation): Promise<{ account: Account | null; hostname: string }> {
  const name = options.account as string | undefined;
  if (name === undefined) {
    const { hostname } = await import('node:os');
    return { account: null, hostname: hostname() };
  }
  const settings = await settingsOf(location, io);
  const account = settings.accounts.get(name);
  if (account === undefined) {
    const known = [...settings.accounts.keys()].join(', ');
    throw new Failure('no-account', EX_DATAERR, `there is no account ${name}; there are ${known}`);
  }
  return { account, hostname: settings.hostname };
}

/** The name a certificate is held against is the account's only for the account's own server. */
function targetOf(host: string, account: Account | null): SurveyTarget {
  if (account === null) {
    return { host, servername: host, ca: null, sourceAddress: null, proxy: null };
  }
  const { tls, sourceAddress, proxy } = account;
  const servername = account.host === host ? tls.servername : host;
  return { host, servername, ca: tls.ca, sourceAddress, proxy };
}

function readTimeout(text: string): number {
  const timeoutMs = readSpan(text);
  if (timeoutMs > timeoutMsMax) {
    throw new InvalidArgumentError(`It must be at most ${formatDuration(timeoutMsMax)}.`);
  }
  return timeoutMs;
}

function readHost(text: string): string {
  if (!/^[\p{L}\d_:][\p{L}\d_.:-]*$/u.test(text) || /^[^:]+:\d+$/.test(text)) {
    throw new InvalidArgumentError('It is a host name or an address; ports go into --ports.');
  }
  return text;
}

function readPorts(text: string): readonly number[] {
  const ports = [...new Set(text.split(',').map((one) => Number(one.trim() || Number.NaN)))];
  if (!ports.every((port) => Number.isInteger(port) && port > 0 && port <= 65_535)) {
    throw new InvalidArgumentError('Ports are numbers from 1 to 65535, as in 465,587.');
  }
  if (ports.length > portsMax) {
    throw new InvalidArgumentError(`At most ${portsMax} ports are tried at once.`);
  }
  return ports;
}
