import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { buildPackages } from './build.ts';

const root = join(import.meta.dirname, '../..');
const { folder, version } = inject('packages');
const report = (text: string): void => void process.stdout.write(`    ${text}\n`);

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-packages-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('the packages are small enough', () => {
  for (const name of readdirSync(folder).toSorted()) {
    const mib = statSync(join(folder, name)).size / 1024 / 1024;
    report(`${mib.toFixed(1)} MiB ${name}`);
    if (name.endsWith('.deb')) expect(mib).toBeLessThanOrEqual(45);
  }
});

test('built again they are the same bytes', () => {
  const again = temporary();
  buildPackages(again);
  const sums = (directory: string) =>
    Object.fromEntries(
      readdirSync(directory)
        .filter((name) => name.includes(version))
        .map((name) => [
          name,
          createHash('sha256')
            .update(readFileSync(join(directory, name)))
            .digest('hex'),
        ]),
    );
  expect(sums(again)).toEqual(sums(folder));
});

test('lintian finds no errors', () => {
  const debs = readdirSync(folder).filter((name) => name.endsWith('.deb'));
  const options = ['--fail-on', 'error', '--allow-root'];
  const { stdout, status } = spawnSync('lintian', [...options, ...debs], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (stdout !== '') report(stdout.trimEnd().replaceAll('\n', '\n    '));
  expect(status).toBe(0);
});

test('the tar.gz runs where it is unpacked, with its own Node', () => {
  const place = temporary();
  execFileSync('tar', ['-xzf', join(folder, `relayd-${version}-linux-x64.tar.gz`), '-C', place]);
  const home = join(place, `relayd-${version}-linux-x64`);
  const env = { PATH: '/usr/bin:/bin' };
  const said = execFileSync(join(home, 'bin/relayd'), ['--version'], { env, encoding: 'utf8' });
  expect(said).toMatch(new RegExp(`^relayd ${version} \\(Node v24\\.`));
  const licences = readFileSync(join(home, 'THIRD-PARTY-LICENSES'), 'utf8');
  const bill = JSON.parse(readFileSync(join(home, 'sbom.cdx.json'), 'utf8')) as {
    components: { name: string; version: string }[];
  };
  for (const part of bill.components) expect(licences).toContain(`${part.name} ${part.version}`);
});

/** The GCC that the newest symbol of its C++ library came with (libstdc++ manual, ABI policy). */
const GCC_OF: Readonly<Record<string, number>> = { '3.4.28': 9, '3.4.29': 11, '3.4.30': 12 };

test('the .deb depends on the libraries that its programs were linked with', () => {
  const place = temporary();
  const deb = join(folder, `relayd_${version}_amd64.deb`);
  execFileSync('dpkg-deb', ['-x', deb, place]);
  const programs = readdirSync(place, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(bin\/node|prebuilds\/.*\.node)$/.test(name))
    .map((name) => join(place, name));
  expect(programs).toHaveLength(2);
  const symbols = execFileSync('objdump', ['-T', ...programs], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const newest = (library: string): string =>
    [...symbols.matchAll(new RegExp(`\\b${library}_(\\d[\\d.]*)`, 'g'))]
      .map(([, found = '']) => found)
      .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
      .at(-1) ?? '';
  const depends = execFileSync('dpkg-deb', ['-f', deb, 'Depends'], { encoding: 'utf8' });
  expect(depends).toContain(`libc6 (>= ${newest('GLIBC')})`);
  expect(depends).toContain(`libstdc++6 (>= ${GCC_OF[newest('GLIBCXX')]})`);
});

test('npm pack has what npx needs', () => {
  const place = temporary();
  const pack = ['pack', '--silent', '--pack-destination', place];
  execFileSync('npm', pack, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  execFileSync('npm', [
    'install',
    '--silent',
    '--no-audit',
    '--no-fund',
    '--prefix',
    place,
    join(place, `relayd-${version}.tgz`),
  ]);
  const said = execFileSync('npx', ['--no-install', 'relayd', '--version'], {
    cwd: place,
    encoding: 'utf8',
  });
  expect(said).toContain(`relayd ${version} `);
  for (const part of ['bin', 'dist', 'man', 'config']) {
    expect(readdirSync(join(place, 'node_modules/relayd'))).toContain(part);
  }
});
