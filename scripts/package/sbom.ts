import { createHash } from 'node:crypto';
import type { Build } from './build.ts';
import type { LockedPackage } from './locked.ts';

/** The bill of materials, CycloneDX 1.5 in JSON. Its serial number follows from what it lists. */
export function bill(build: Build, packages: readonly LockedPackage[]): string {
  const components = packages.map(component);
  const digest = createHash('sha256')
    .update(JSON.stringify([build.version, components]))
    .digest('hex');
  const purl = `pkg:npm/relayd@${build.version}`;
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidFrom(digest)}`,
    version: 1,
    metadata: {
      timestamp: new Date(build.epochSeconds * 1000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': purl,
        name: 'relayd',
        version: build.version,
        purl,
        licenses: [{ license: { id: 'MIT' } }],
      },
    },
    components,
    dependencies: [{ ref: purl, dependsOn: components.map((one) => one['bom-ref']) }],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function component({ path, name, version, integrity, licence }: LockedPackage) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const sha512 = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
  return {
    type: name.startsWith('node-linux-') ? 'platform' : 'library',
    // One version may be there twice, in different places.
    'bom-ref': `${purl}#${path}`,
    name,
    version,
    purl,
    ...(licence === '' ? {} : { licenses: [{ expression: licence }] }),
    ...(sha512 === '' ? {} : { hashes: [{ alg: 'SHA-512', content: sha512 }] }),
  };
}

/** RFC 9562, version 8: 122 bits of our own making. */
function uuidFrom(hex: string): string {
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
