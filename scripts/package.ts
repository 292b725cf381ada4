/**
 * Builds what is installed on a machine without npm and without a compiler, into dist-packages/:
 *
 *   node scripts/package.ts [--arch amd64|arm64] [--version VERSION] [--out DIRECTORY]
 *
 * relayd_VERSION_ARCH.deb, relayd-mta_VERSION_all.deb, relayd-VERSION-linux-ARCH.tar.gz, its SBOM and the licences of all
 * that is in it. The same commit gives the same bytes: times are the commit's ($SOURCE_DATE_EPOCH), names are sorted,
 * owners are root. Needs `npm ci`, dpkg-deb, tar, gzip and xz.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { architectures, type Build, isArchitecture } from './package/build.ts';
import { mtaPackage, relaydPackage } from './package/debian.ts';
import { homeTree } from './package/home.ts';
import { licenceTexts } from './package/licences.ts';
import { lockedPackages } from './package/locked.ts';
import { output, root } from './package/run.ts';
import { bill } from './package/sbom.ts';
import { tarball } from './package/tarball.ts';

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: process.arch === 'arm64' ? 'arm64' : 'amd64' },
    version: { type: 'string' },
    out: { type: 'string', default: join(root, 'dist-packages') },
  },
});
if (!isArchitecture(values.arch)) {
  process.stderr.write(`--arch is one of ${architectures.join(', ')}\n`);
  process.exit(64);
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
};
const epoch = process.env.SOURCE_DATE_EPOCH ?? output('git', ['log', '-1', '--format=%ct']).trim();
const work = mkdtempSync(join(tmpdir(), 'relayd-package-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
const build: Build = {
  arch: values.arch,
  version: values.version ?? manifest.version,
  epochSeconds: Number(epoch),
  work,
  out: resolve(values.out),
};

output(process.execPath, [join(root, 'scripts/build.ts')]);
mkdirSync(build.out, { recursive: true });
const packages = lockedPackages(build.arch);
const home = await homeTree(build, packages);
const texts = { sbom: bill(build, packages), licences: licenceTexts(home, packages) };
writeFileSync(join(home, 'THIRD-PARTY-LICENSES'), texts.licences);
writeFileSync(join(home, 'sbom.cdx.json'), texts.sbom);
const sbomFile = join(build.out, `relayd-${build.version}-linux-${build.arch}.cdx.json`);
writeFileSync(sbomFile, texts.sbom);

for (const file of [
  relaydPackage(build, home, packages),
  mtaPackage(build),
  tarball(build, home),
  sbomFile,
]) {
  const mib = (statSync(file).size / 1024 / 1024).toFixed(1);
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  process.stdout.write(`${sha256}  ${mib.padStart(5)} MiB  ${basename(file)}\n`);
}
