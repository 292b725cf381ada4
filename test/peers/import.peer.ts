import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/import/exim/config.ts';
import { expand } from '../../src/import/exim/expand.ts';
import { importExim } from '../../src/import/exim/import.ts';
import { scopeOf, type World } from '../../src/import/exim/world.ts';
import { importMsmtp } from '../../src/import/msmtp.ts';
import { importPostfix } from '../../src/import/postfix/import.ts';
import { parameterText, readMain } from '../../src/import/postfix/main-cf.ts';
import { debianConfiguration, runExim } from '../support/exim.ts';
import { checked, samples } from '../unit/import/files.ts';

/** A copy of a sample in a directory of its own, in which its files name each other. */
function installed(folder: string, inside: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-import-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  cpSync(join(samples, folder, inside), directory, { recursive: true });
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile()) continue;
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(`/${inside}`, directory));
  }
  execFileSync('chmod', ['-R', 'a+rX', directory]); // Exim gives up root
  return directory;
}

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};
const fileAt = (path: string) => ({ path, text: readFileSync(path, 'utf8') });

const senders = [
  ...['erp@velosi.example', 'info@old.example', 'news@shop.example', 'x@news.shop.example'],
  ...['x@staging.example', 'x@else.example', 'app@alliance.example'],
];
const recipients = ['someone@remote.test', 'a@partner.example', 'a@sub.partner.example'];

const emptyWorld: World = {
  config: readConfig([], { read, note: () => {} }),
  hostname: 'host.test',
  read,
  note: () => {},
  maps: new Map(),
};

describe('Exim itself', () => {
  /** `host`, `discarded` or `nobody`, as `exim -bt` says. */
  async function way(configuration: string, sender: string, recipient: string): Promise<string> {
    const { stdout } = await runExim(configuration, ['-f', sender, '-bt', recipient]);
    // Nothing is looked up on this machine: the host that Exim could not find is the answer.
    const [, host] = /lookup of host "([^"]+)" failed|^\s+host (\S+)/m.exec(stdout) ?? [];
    return host ?? (/is discarded/.test(stdout) ? 'discard' : 'reject');
  }

  test('takes the whole configuration, and sends where the imported one does', async () => {
    const directory = installed('two-accounts', 'etc/exim4');
    const configuration = join(directory, 'exim.conf');
    expect(await runExim(configuration, ['-bV'])).toMatchObject({ status: 0 });
    const { route, settings } = await checked(importExim([fileAt(configuration)], read));
    for (const sender of senders) {
      for (const recipient of recipients) {
        const account = route(sender, recipient);
        const ours = settings.accounts.get(account)?.host ?? account;
        expect([sender, recipient, ours]).toEqual([
          sender,
          recipient,
          await way(configuration, sender, recipient),
        ]);
      }
    }
  });

  test('takes the pieces of cPanel, put together', async () => {
    const directory = installed('cpanel', '');
    const piece = (name: string) => readFileSync(join(samples, 'cpanel', `${name}.txt`), 'utf8');
    const whole = `domainlist local_domains = @\nbegin routers\n${piece('routers')}begin transports\n${piece('transports')}begin authenticators\n${piece('auth')}`;
    const configuration = join(directory, 'exim.conf');
    const map = join(directory, 'exim_relays');
    writeFileSync(configuration, whole.replaceAll('/etc/exim_relays', map));
    expect(await runExim(configuration, ['-bV'])).toMatchObject({ status: 0 });
    const { route, settings } = await checked(importExim([fileAt(configuration)], read));
    for (const sender of senders) {
      const account = route(sender);
      const ours = settings.accounts.get(account)?.host ?? account;
      expect([sender, ours]).toEqual([
        sender,
        await way(configuration, sender, 'someone@remote.test'),
      ]);
    }
  });

  test("Debian's own template leads to the same account as its settings do", async () => {
    const directory = mkdtempSync(join(tmpdir(), 'relayd-import-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    cpSync(join(samples, 'debian'), directory, { recursive: true });
    const configuration = debianConfiguration(directory);
    execFileSync('chmod', ['-R', 'a+rX', directory]);
    expect(await runExim(configuration, ['-bV'])).toMatchObject({ status: 0 });
    const passwords = fileAt(join(directory, 'passwd.client'));
    const whole = await checked(importExim([fileAt(configuration), passwords], read));
    const short = await checked(
      importExim([fileAt(join(directory, 'update-exim4.conf.conf')), passwords], read),
    );
    expect(whole.route('any@any.example')).toBe('gmail-velosi');
    const facts = ({ settings, password }: typeof whole) => ({
      username: settings.accounts.get('gmail-velosi')?.username,
      password: password('gmail-velosi'),
      listeners: settings.listeners,
      clients: settings.clients,
    });
    expect(facts(whole)).toEqual(facts(short));
  });

  test('expands as we do', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'relayd-import-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const configuration = join(directory, 'exim.conf');
    const map = join(directory, 'map');
    for (const name of ['spool', 'log']) mkdirSync(join(directory, name));
    writeFileSync(
      configuration,
      `spool_directory = ${directory}/spool\nlog_file_path = ${directory}/log/%s\n`,
    );
    writeFileSync(map, 'a@x.example: host=h user="x y"\n*@x.example: one\n two\n*: usual\n');
    chmodSync(directory, 0o755);
    execFileSync('chown', ['-R', 'Debian-exim', join(directory, 'spool'), join(directory, 'log')]);
    const texts = [
      'plain\\$b',
      '\\N${x}\\N',
      '${lc:ABC}${uc:abc}',
      '${domain:A@B.example}|${local_part:A@B.example}',
      '${if eq{a}{a}{yes}{no}}${if eqi{A}{a}}',
      '${if !eq{a}{a}{yes}{no}}',
      '${if and{{eq{a}{a}}{!eq{b}{c}}}{yes}{no}}',
      '${if or{{eq{a}{b}}{eq{b}{b}}}{yes}{no}}',
      '${if > {3}{2}{yes}{no}}${if <= {3}{2}{yes}{no}}',
      '${if match{abc}{^a(.)c}{$1}{no}}',
      '${if bool{yes}{y}{n}}${if bool_lax{maybe}{y}{n}}',
      '${if inlist{b}{a:b:c}{y}{n}}',
      '${if exists{/no/such/file}{yes}{no}}',
      '${extract{2}{:}{a:b:c}}${extract{-1}{:}{a:b:c}}${extract{9}{:}{a:b}}',
      '${extract{user}{host=h user="x y"}}|${extract{none}{a=b}{$value}{other}}',
      '${sg{abcabc}{b}{X}}${sg{ab:cd}{\\N([^:]+:)(.*)\\N}{\\$2}}',
      '${substr_1_2:abcd}${length_2:abcd}${strlen:abc}',
      '${quote:a b}${quote:ab}${rxquote:a.b}',
      '${md5:abc}${sha1:abc}${base64:abc}',
      `\${lookup{A@x.example}lsearch{${map}}{$value}{none}}`,
      `\${lookup{b@x.example}lsearch{${map}}{$value}{none}}`,
      `\${lookup{b@x.example}lsearch*@{${map}}{$value}{none}}`,
      `\${lookup{b@y.example}lsearch*{${map}}{$value}{none}}`,
      `\${lookup{b@x.example}nwildlsearch{${map}}{$value}{none}}`,
      `\${extract{user}{\${lookup{a@x.example}lsearch{${map}}{$value}fail}}}`,
      '${if match_domain{a.b.example}{*.b.example : c.example}{y}{n}}',
      '${if match_address{a@b.example}{*@b.example}{y}{n}}',
    ];
    const world = scopeOf(emptyWorld, { sender: '', recipient: '' });
    const ours = texts.map((text) => expand(text, world));
    const { stdout } = await runExim(configuration, ['-be'], `${texts.join('\n')}\n`);
    expect(stdout.replace(/^> /gm, '').trimEnd().split('\n').slice(0, texts.length)).toEqual(ours);
  });
});

describe('Postfix itself', () => {
  test('reads main.cf as we do, and its tables answer as ours', async () => {
    const directory = installed('postfix', 'etc/postfix');
    const main = fileAt(join(directory, 'main.cf'));
    const theirs = execFileSync('postconf', ['-c', directory, '-xn'], { encoding: 'utf8' });
    const parameters = readMain(main);
    for (const line of theirs.trim().split('\n')) {
      const [, name = '', value] = /^(\w+) = ?(.*)$/.exec(line) ?? [];
      if (name !== 'config_directory')
        expect([name, parameterText(parameters, name)]).toEqual([name, value]);
    }
    const { route, settings } = await checked(
      importPostfix(main, fileAt(join(directory, 'master.cf')), read),
    );
    const ask = (key: string, table: string): string =>
      spawnSync('postmap', ['-c', directory, '-q', key, `texthash:${join(directory, table)}`], {
        encoding: 'utf8',
      }).stdout.trim();
    for (const sender of ['erp@velosi.example', '@alliance.example']) {
      const { host, port } = settings.accounts.get(route(sender.replace(/^@/, 'x@'))) ?? {};
      expect(`[${host}]:${port}`).toBe(ask(sender, 'sender_relay'));
    }
    const services = execFileSync('postconf', ['-c', directory, '-P'], { encoding: 'utf8' });
    expect(services).toContain('wrapped/unix/smtp_tls_wrappermode = yes');
  });
});

test('msmtp itself chooses the same account for each sender', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-import-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'msmtprc');
  const text = readFileSync(join(samples, 'apps/msmtprc'), 'utf8');
  writeFileSync(path, text.replace('cat /etc/old-password', 'echo geheim'), { mode: 0o600 });
  const { route } = await checked(importMsmtp(fileAt(path), read));
  for (const sender of [
    'erp@velosi.example',
    'any@alliance.example',
    'info@old.example',
    'x@y.example',
  ]) {
    const said = spawnSync('msmtp', ['-C', path, '--pretend', '-f', sender, 'a@b.example'], {
      input: 'x\n',
      encoding: 'utf8',
    });
    const [, account = ''] = /^using account (\S+) from/m.exec(said.stdout + said.stderr) ?? [];
    // `account default : gmail` is the same account by another name.
    expect([sender, route(sender)]).toEqual([sender, account.replace('default', 'gmail')]);
  }
});
