import { randomInt } from 'node:crypto';
import { type Command, Option } from 'commander';
import { printable } from '../lib/printable.ts';
import { EX_CONFIG, EX_DATAERR, EX_OK, EX_UNAVAILABLE } from '../lib/sysexits.ts';
import type { ProbeReport } from '../relay/probe-report.ts';
import type { Settings } from '../relay/settings.ts';
import { readCount } from './argument-readers.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import { Failure } from './failure.ts';
import type { Staged, WrittenFile } from './init-files.ts';
import { exampleSender, type InitClient, type InitPlan } from './init-plan.ts';
import type { Given } from './init-questions.ts';
import { frameworkNames, snippet } from './init-snippets.ts';
import { configFile } from './socket-path.ts';

/** `relayctl init` */
export function addInit(program: Command, context: Context): void {
  const init = program
    .command('init')
    .description('make a first relay.yaml: asks for provider, address and password, and tries them')
    .option('--provider <name>', 'a name of `provider list`, or other')
    .option('--region <name>', 'where the provider has several')
    .option('--host <name>', 'the server, where no preset knows it')
    .option('--port <number>', 'its port', readCount(65_535))
    .option('--address <address>', 'who your apps send as: an address or @domain')
    .option('--username <name>', 'the name to log in with (default: often the address)')
    .option('--password-file <file>', 'takes the password from its first line')
    .option('--client-id <id>', 'log in by device code with this OAuth application')
    .option('--account <name>', 'a name for the account (default: the provider)')
    .option('--client <name>', 'an app; may be repeated (default: app)', collect)
    .addOption(
      new Option('--framework <name>', 'print what to paste there').choices(frameworkNames),
    )
    .option('--no-test', 'do not log in to the provider')
    .option('--force', 'replace files that are there already')
    .option('--yes', 'ask nothing');
  annotate(init, {
    examples: [
      ['init', 'Asks, logs in once, sends nothing, writes /etc/relayd/relay.yaml and secrets/.'],
      [
        'init --provider gmail --address erp@velosi.example --password-file p.txt --framework django --yes',
        'For scripts. Exit code 69 when the login fails: then nothing is written.',
      ],
    ],
    json:
      '{written: {path, mode}[], account, clients: {name, password}[], tested: ProbeReport | null, ' +
      'snippet: {title, text} | null}',
  });
  onAction(init, context, runInit);
}

async function runInit(invocation: Invocation): Promise<number> {
  const { io, location, options, print } = invocation;
  const { refuseToOverwrite, secretPath, stageFiles } = await import('./init-files.ts');
  const { planFrom } = await import('./init-questions.ts');
  const file = configFile(location, io.environment);
  if (options.force !== true) await refuseToOverwrite([file]);
  const person = options.yes === true || !io.interactive ? null : io;
  let plan = await planFrom(await givenOf(invocation), person);
  if (options.force !== true) await refuseToOverwrite([secretPath(file, plan)]);
  const clients = await Promise.all(plan.clients.map(newClient));
  let wanted = options.test !== false;
  for (;;) {
    const staged = await stageFiles(file, plan, clients);
    try {
      const tested = wanted ? await tryOut(staged, plan, io) : null;
      if (tested === null || tested.ok) {
        await stagedSettings(staged, () => {});
        const written = await staged.commit();
        const framework = options.framework ?? (await chosenFramework(person));
        const result = resultOf(plan, clients, { written, tested, framework });
        print(result, () => render(result, plan));
        return EX_OK;
      }
      // While somebody thinks about it, no password lies around.
      await staged.discard();
      const again = await decideOnFailure(tested, plan, person);
      wanted = again !== null;
      plan = again ?? plan;
    } finally {
      await staged.discard();
    }
  }
}

async function chosenFramework(person: Invocation['io'] | null): Promise<string | undefined> {
  const names = frameworkNames.join(', ');
  for (;;) {
    const answer = await person?.readLine(`Lines to paste for ${names} (empty: none): `);
    if (answer === undefined || answer === '' || frameworkNames.includes(answer)) return answer;
  }
}

async function givenOf({ options }: Invocation): Promise<Given> {
  const file = options.passwordFile as string | undefined;
  if (file === undefined) return options;
  const { readSecret } = await import('../config/secrets.ts');
  const context = { sources: {}, directory: process.cwd(), literalAllowed: false, openFiles: true };
  const read = await readSecret({ file }, context);
  if (read.is === 'failed') throw new Failure('data', EX_DATAERR, read.why);
  return { ...options, password: read.text };
}

/** Loads the staged file as the daemon would, then logs in; null: only the daemon can do that. */
async function tryOut(
  staged: Staged,
  plan: InitPlan,
  io: Invocation['io'],
): Promise<ProbeReport | null> {
  const settings = await stagedSettings(staged, io.err);
  const account = settings.accounts.get(plan.account);
  if (account === undefined || plan.login.is === 'device') return null;
  const [{ probeAccount }, { passingTokens }] = await Promise.all([
    import('../delivery/probe.ts'),
    import('../delivery/tokens.ts'),
  ]);
  const { signal } = new AbortController();
  const clock = () => io.nowMs();
  io.err(`Trying ${account.host}:${account.port} ...\n`);
  const tokens = passingTokens(clock, signal);
  return probeAccount(account, { hostname: settings.hostname, clock, signal, tokens });
}

async function stagedSettings(staged: Staged, err: (text: string) => void): Promise<Settings> {
  const { loadSettings } = await import('../config/load.ts');
  const loaded = await loadSettings(staged.config, {});
  const { formatProblem } = await import('../config/problem.ts');
  if (loaded.ok) {
    for (const warning of loaded.warnings) err(`${printable(formatProblem(warning))}\n`);
    return loaded.settings;
  }
  // Of what was told; the line means nothing in a file that is not there.
  const problems = loaded.problems.map(({ path, message }) => `${path}: ${message}`);
  throw new Failure('config', EX_CONFIG, problems.join('\n'));
}

/** Another plan to try, or null to write this one all the same. Rejects with Failure when it ends here. */
async function decideOnFailure(
  tested: ProbeReport,
  plan: InitPlan,
  person: Invocation['io'] | null,
): Promise<InitPlan | null> {
  const { phase = 'connect', detail = '' } = tested.steps.at(-1) ?? {};
  // What the network says names the phase itself.
  const what = detail.startsWith(`${phase}: `) ? detail : `${phase} failed: ${detail}`;
  const lines = [`${tested.peer}: ${what}`];
  if (tested.hint !== null) lines.push(tested.hint);
  if (person === null) {
    lines.push('nothing was written; --no-test writes without trying');
    throw new Failure('test-failed', EX_UNAVAILABLE, lines.join('\n'));
  }
  person.err(lines.map((line) => `${printable(line)}\n`).join(''));
  const answer = await person.readLine('[p]assword again, [w]rite all the same, [q]uit: ');
  if (/^w/i.test(answer)) return null;
  if (!/^p/i.test(answer)) {
    throw new Failure('test-failed', EX_UNAVAILABLE, 'nothing was written');
  }
  return { ...plan, login: { is: 'password', password: await person.readHidden('Password: ') } };
}

const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';
const passwordLength = 24;

/** Letters and digits that nobody mixes up: it goes into files of many kinds. */
async function newClient(name: string): Promise<InitClient> {
  const password = Array.from(
    { length: passwordLength },
    () => alphabet[randomInt(alphabet.length)],
  );
  const { hashPassword } = await import('../lib/password-hash.ts');
  return { name, password: password.join(''), hash: await hashPassword(password.join('')) };
}

interface Result {
  readonly written: readonly WrittenFile[];
  readonly account: string;
  readonly clients: readonly { readonly name: string; readonly password: string }[];
  readonly tested: ProbeReport | null;
  readonly snippet: ReturnType<typeof snippet>;
}

function resultOf(
  plan: InitPlan,
  clients: readonly InitClient[],
  { written, tested, framework }: Pick<Result, 'written' | 'tested'> & { framework: unknown },
): Result {
  const [first] = clients;
  const from = exampleSender(plan);
  const login = { host: '127.0.0.1', port: 587, username: first?.name ?? '', from };
  return {
    written,
    account: plan.account,
    clients: clients.map(({ name, password }) => ({ name, password })),
    tested,
    snippet:
      typeof framework === 'string'
        ? snippet(framework, { ...login, password: first?.password ?? '' })
        : null,
  };
}

function render({ written, clients, tested, snippet: paste }: Result, plan: InitPlan): string {
  const login = tested?.ok === true ? `Logged in at ${tested.peer}.\n` : '';
  const files = written.map(({ path, mode }) => `Written: ${path} (mode ${mode})\n`).join('');
  const apps = clients.map(({ name, password }) => `  ${printable(name)}  ${password}\n`).join('');
  const pasted =
    paste === null
      ? `Your app reaches the relay at 127.0.0.1:587 without TLS; --framework prints the lines for ` +
        `${frameworkNames.join(', ')}.\n`
      : `${paste.title}:\n\n${paste.text.replace(/^/gm, '    ').trimEnd()}\n`;
  const device = plan.login.is === 'device' ? `  relayctl account login ${plan.account}\n` : '';
  return (
    `${printable(login)}${files}\n` +
    `Apps and their passwords, shown only now (relay.yaml has a hash):\n${apps}\n${pasted}\n` +
    `Next:\n  relayctl config check --bind\n  systemctl enable --now relayd\n${device}` +
    `  relayctl send-test --from ${printable(exampleSender(plan))} --to YOUR-ADDRESS\n`
  );
}

function collect(name: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, name];
}
