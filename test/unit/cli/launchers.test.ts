import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../../../src/lib/version.ts';

const npmNode = `node_modules/node-linux-${process.arch}/bin/node`;

/** A package of launchers, with entries when `built`, somewhere below a directory of the test's own. */
function installed(below: string, built = true): { root: string; home: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'relayd-launch-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const home = join(root, below);
  cpSync(join(packageRoot, 'bin'), join(home, 'bin'), { recursive: true });
  if (built) {
    place(join(home, 'dist/cli/relayctl.js'), '');
    place(join(home, 'dist/daemon/main.js'), '');
    place(join(home, 'dist/sendmail/main.js'), '');
  }
  return { root, home };
}

/** A program that says its version when asked, and else who runs which entry with which arguments. */
function fakeNode(file: string, version: string): string {
  const script = [
    '#!/bin/sh',
    `[ "$1" = --version ] && echo ${version} && exit 0`,
    `printf '%s|' ${version} "$$" "$@"`,
    'exit 7',
  ];
  place(file, script.join('\n'));
  chmodSync(file, 0o755);
  return dirname(file);
}

function place(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

interface Launched {
  readonly pid: number | undefined;
  readonly exitCode: number | null;
  readonly out: readonly string[];
  readonly err: string;
}

function launch(program: string, args: readonly string[], firstInPath: string): Promise<Launched> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env: { PATH: `${firstInPath}:/usr/bin:/bin` } });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.on('close', (exitCode) =>
      resolve({ pid: child.pid, exitCode, out: out.split('|').slice(0, -1), err }),
    );
  });
}

test('the system node is used when it is new enough; pid, arguments and exit code are kept', async () => {
  const { root, home } = installed('relayd');
  const path = fakeNode(join(root, 'new/node'), 'v24.0.1');
  fakeNode(join(home, npmNode), 'v25.0.0');
  const ran = await launch(join(home, 'bin/relayctl'), ['queue', 'a b', '', '*'], path);
  expect(ran).toMatchObject({ exitCode: 7, err: '' });
  expect(ran.out).toEqual([
    'v24.0.1',
    String(ran.pid),
    join(home, 'dist/cli/relayctl.js'),
    ...['queue', 'a b', '', '*'],
  ]);
});

test('relayd runs the daemon', async () => {
  const { root, home } = installed('relayd');
  const path = fakeNode(join(root, 'new/node'), 'v26.10.0');
  const ran = await launch(join(home, 'bin/relayd'), ['--check'], path);
  const entry = join(home, 'dist/daemon/main.js');
  expect(ran.out.slice(2)).toEqual([
    ...['--max-semi-space-size=16', '--expose-gc'],
    ...[entry, '--check'],
  ]);
});

test('no launcher lets its program leave a core behind', async () => {
  const { root, home } = installed('relayd');
  const path = fakeNode(join(root, 'new/node'), 'v26.10.0');
  const script =
    '[ "$1" = --version ] && echo v26.10.0 && exit 0; echo "$(ulimit -Sc) $(ulimit -Hc)|"';
  writeFileSync(join(path, 'node'), `#!/bin/sh\n${script}\n`);
  for (const program of ['relayd', 'relayctl', 'sendmail']) {
    expect((await launch(join(home, 'bin', program), [], path)).out).toEqual(['0 0']);
  }
});

test('links as docs/operate.md makes them lead to a program that knows its name, run by the Node of npm', async () => {
  const { root, home } = installed('relayd');
  const path = fakeNode(join(root, 'old/node'), 'v20.20.2');
  fakeNode(join(home, npmNode), 'v24.21.0');
  const guide = readFileSync(join(packageRoot, 'docs/operate.md'), 'utf8');
  const [, programs = '', loop = ''] = /^for program in (.*); do\n(.*?)^done$/ms.exec(guide) ?? [];
  const link = /^ *ln .*$/m.exec(loop)?.[0] ?? '';
  for (const program of programs.split(' ')) {
    const at = join(root, 'usr', program);
    mkdirSync(dirname(at), { recursive: true });
    const own = link.replace('/opt/relayd', home).replace('/usr', join(root, 'usr'));
    execFileSync('sh', ['-c', own], { env: { program, PATH: process.env.PATH } });
    const ran = await launch(at, ['-t', 'a b'], path);
    expect([program, ran]).toMatchObject([program, { exitCode: 7, err: '' }]);
    const entry = join(home, 'dist/sendmail/main.js');
    const name = program.split('/')[1];
    expect(ran.out).toEqual(['v24.21.0', String(ran.pid), entry, name, '-t', 'a b']);
  }
  expect(programs.split(' ')).toContain('sbin/exim4');
});

test('a drop-in without the Node of npm looks for one, and says what is missing', async () => {
  const { root, home } = installed('relayd');
  const path = fakeNode(join(root, 'new/node'), 'v24.0.1');
  const ran = await launch(join(home, 'bin/sendmail'), ['-bp'], path);
  expect(ran.out.slice(2)).toEqual([join(home, 'dist/sendmail/main.js'), 'sendmail', '-bp']);
  const bare = installed('relayd', false);
  expect(await launch(join(bare.home, 'bin/sendmail'), [], path)).toMatchObject({ exitCode: 69 });
});

test.each([
  ['next to the package', 'relayd', `relayd/${npmNode}`],
  ['hoisted above it', 'app/node_modules/relayd', `app/${npmNode}`],
])('an old system node gives way to the one that npm installed %s', async (_, below, node) => {
  const { root, home } = installed(below);
  const path = fakeNode(join(root, 'old/node'), 'v20.20.2');
  fakeNode(join(root, node), 'v24.21.0');
  const ran = await launch(join(home, 'bin/relayctl'), [], path);
  expect(ran.out[0]).toBe('v24.21.0');
});

test('links to a launcher are followed, relative and absolute ones', async () => {
  const { root, home } = installed('app/node_modules/relayd');
  const path = fakeNode(join(root, 'old/node'), 'v20.20.2');
  fakeNode(join(root, 'app', npmNode), 'v24.21.0');
  mkdirSync(join(root, 'app/node_modules/.bin'));
  symlinkSync('../relayd/bin/relayctl', join(root, 'app/node_modules/.bin/relayctl'));
  symlinkSync(join(root, 'app/node_modules/.bin/relayctl'), join(root, 'relayctl'));
  const ran = await launch(join(root, 'relayctl'), ['status'], path);
  expect(ran.out.slice(2)).toEqual([join(home, 'dist/cli/relayctl.js'), 'status']);
});

test.each(['v20.20.2', 'nonsense'])(
  'no Node that will do (%s): one line and exit code 69',
  async (version) => {
    const { root, home } = installed('relayd');
    const path = fakeNode(join(root, 'old/node'), version);
    fakeNode(join(home, npmNode), 'v22.14.0');
    for (const program of ['relayd', 'relayctl']) {
      const ran = await launch(join(home, 'bin', program), [], path);
      expect(ran.exitCode).toBe(69);
      expect(ran.err).toBe(
        `${program}: needs Node.js >= 24: install it, or run \`npm ci\` in ${home} to fetch one\n`,
      );
    }
  },
);

test('without dist the command that makes it is named: exit code 69', async () => {
  const { root, home } = installed('relayd', false);
  const path = fakeNode(join(root, 'new/node'), 'v24.0.0');
  const ran = await launch(join(home, 'bin/relayctl'), ['status'], path);
  expect(ran.exitCode).toBe(69);
  expect(ran.err).toBe(
    `relayctl: ${home}/dist/cli/relayctl.js is missing: run \`npm run build\` in ${home}\n`,
  );
});
