import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Build } from './build.ts';
import type { LockedPackage } from './locked.ts';
import { output, root } from './run.ts';
import { settle, type Tree, treeAt } from './tree.ts';

const home = '/usr/lib/relayd';
const maintainer = 'The relayd authors <relayd@packages.invalid>';

/** relayd_VERSION_ARCH.deb; gives its path. */
export function relaydPackage(
  build: Build,
  from: string,
  packages: readonly LockedPackage[],
): string {
  const tree = treeAt(join(build.work, 'deb'));
  cpSync(from, join(tree.folder, home), { recursive: true });
  tree.link('usr/sbin/relayd', '../lib/relayd/bin/relayd');
  tree.link('usr/bin/relayctl', '../lib/relayd/bin/relayctl');
  for (const unit of ['relayd.service', 'relayd.socket']) {
    const text = readFileSync(join(root, 'systemd', unit), 'utf8');
    tree.write(`lib/systemd/system/${unit}`, text.replaceAll('/opt/relayd', home));
  }
  tree.copy(join(root, 'systemd/relayd.sysusers'), 'usr/lib/sysusers.d/relayd.conf');
  for (const page of ['relayctl.1', 'relayd.8', 'relay.yaml.5']) manual(tree, page);
  const completions = join(root, 'config/completions');
  tree.copy(join(completions, 'relayctl.bash'), 'usr/share/bash-completion/completions/relayctl');
  tree.copy(join(completions, 'relayctl.zsh'), 'usr/share/zsh/vendor-completions/_relayctl');
  tree.copy(
    join(completions, 'relayctl.fish'),
    'usr/share/fish/vendor_completions.d/relayctl.fish',
  );
  tree.copy(join(root, 'relay.example.yaml'), 'usr/share/doc/relayd/examples/relay.yaml');
  const licences = readFileSync(join(from, 'THIRD-PARTY-LICENSES'));
  tree.writeGzip('usr/share/doc/relayd/THIRD-PARTY-LICENSES.gz', licences);
  rmSync(join(tree.folder, home, 'THIRD-PARTY-LICENSES'));
  const sbom = join(home, 'sbom.cdx.json');
  renameSync(join(tree.folder, sbom), join(tree.folder, 'usr/share/doc/relayd/sbom.cdx.json'));
  document(build, tree, 'relayd', packages);
  // Made with the owner that it keeps: systemd would give a new one to the daemon.
  mkdirSync(join(tree.folder, 'etc/relayd'), { recursive: true });
  for (const script of ['postinst', 'prerm', 'postrm']) {
    tree.copy(join(root, 'packaging/debian', `relayd.${script}`), `DEBIAN/${script}`);
  }
  tree.copy(
    join(root, 'packaging/debian/relayd.lintian-overrides'),
    'usr/share/lintian/overrides/relayd',
  );
  return pack(build, tree, {
    Package: 'relayd',
    Architecture: build.arch,
    Section: 'mail',
    // What Node and better-sqlite3 were linked with; systemd-notify speaks for the daemon.
    Depends: 'libc6 (>= 2.34), libstdc++6 (>= 11), libgcc-s1, systemd (>= 252)',
    Recommends: 'ca-certificates',
    Suggests: 'relayd-mta',
    Description:
      'self-hosted SMTP relay with a durable queue\n' +
      ' Apps send to localhost:587; relayd keeps every message in a durable queue and\n' +
      ' hands it to the upstream account that fits its sender, over the TLS that the\n' +
      ' account demands. Comes with its own Node.js runtime.',
  });
}

/** relayd-mta_VERSION_all.deb: sendmail, mailq and newaliases, where no other mail server has them. */
export function mtaPackage(build: Build): string {
  const tree = treeAt(join(build.work, 'deb-mta'));
  for (const name of ['sbin/sendmail', 'lib/sendmail', 'bin/mailq', 'bin/newaliases']) {
    tree.link(`usr/${name}`, `${name.startsWith('lib/') ? '' : '../lib/'}relayd/bin/sendmail`);
  }
  manual(tree, 'relayd-sendmail.1');
  for (const page of ['mailq.1', 'newaliases.1', 'sendmail.1']) {
    tree.link(`usr/share/man/man1/${page}.gz`, 'relayd-sendmail.1.gz');
  }
  document(build, tree, 'relayd-mta', []);
  return pack(build, tree, {
    Package: 'relayd-mta',
    Architecture: 'all',
    Section: 'mail',
    Depends: 'relayd',
    Provides: 'mail-transport-agent',
    Conflicts: 'mail-transport-agent',
    Replaces: 'mail-transport-agent',
    Description:
      'sendmail and mailq of the SMTP relay relayd\n' +
      ' Makes relayd what cron, PHP and other programs of this machine send mail with.\n' +
      ' It takes the place of any other mail transport agent.',
  });
}

function manual(tree: Tree, page: string): void {
  tree.writeGzip(
    `usr/share/man/man${page.at(-1)}/${page}.gz`,
    readFileSync(join(root, 'man', page)),
  );
}

function document(build: Build, tree: Tree, name: string, others: readonly LockedPackage[]): void {
  const folder = `usr/share/doc/${name}`;
  const parts = others.map(
    (one) => `  ${one.name} ${one.version}: ${one.licence || 'see there'}\n`,
  );
  const list =
    '\nIt comes with these, whose licences are in THIRD-PARTY-LICENSES.gz beside this file. The text of\n' +
    'Apache-2.0 is in /usr/share/common-licenses/Apache-2.0, too.\n\n';
  const licence = readFileSync(join(root, 'LICENSE'), 'utf8');
  tree.write(`${folder}/copyright`, `${licence}${parts.length === 0 ? '' : list}${parts.join('')}`);
  const date = new Date(build.epochSeconds * 1000).toUTCString().replace('GMT', '+0000');
  const entry = `${name} (${build.version}) unstable; urgency=medium\n\n  * See /usr/lib/relayd and CHANGELOG.md of the source.\n\n -- ${maintainer}  ${date}\n`;
  tree.writeGzip(`${folder}/changelog.gz`, entry);
}

function pack(build: Build, tree: Tree, fields: Readonly<Record<string, string>>): string {
  const control = {
    ...fields,
    Version: build.version,
    Maintainer: maintainer,
    Priority: 'optional',
    'Installed-Size': String(Math.ceil(bytesBelow(tree.folder) / 1024)),
  };
  // dpkg wants Package first, lintian the description last.
  const { Description, ...others } = control as Record<string, string>;
  const lines = Object.entries({ ...others, Description }).map(
    ([key, value]) => `${key}: ${value}\n`,
  );
  tree.write('DEBIAN/control', lines.join(''));
  settle(build, tree.folder);
  const file = join(build.out, `${fields.Package}_${build.version}_${fields.Architecture}.deb`);
  // One thread: with more, the bytes would depend on the machine. The level is a third of the time for a tenth more size.
  const options = ['--root-owner-group', '-Zxz', '-z1', '--threads-max=1'];
  output('dpkg-deb', [...options, '--build', tree.folder, file], {
    env: { SOURCE_DATE_EPOCH: String(build.epochSeconds) },
  });
  return file;
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => lstatSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}
