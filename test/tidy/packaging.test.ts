import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './sources.ts';

/** The Containerfile cannot be built everywhere, so its instructions are held to what a careful reader would look for. */

const text = readFileSync(join(root, 'Containerfile'), 'utf8').replace(/^#.*\n/gm, '');
const instructions = text
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => ({
    is: line.split(' ')[0] ?? '',
    rest: line.slice(line.indexOf(' ') + 1).trim(),
  }));
const of = (is: string) => instructions.filter((one) => one.is === is).map(({ rest }) => rest);

test('the Containerfile has only instructions that exist, one base with a version', () => {
  const known =
    'FROM RUN ARG ADD COPY USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD WORKDIR ENV LABEL';
  const unknown = instructions.filter(({ is }) => !known.split(' ').includes(is));
  expect(unknown).toEqual([]);
  expect(of('FROM')).toEqual([expect.stringMatching(/^[\w./-]+:[\w.-]+$/)]);
  expect(of('FROM')[0]).not.toMatch(/:latest$/);
});

test('its program is not root, has a health check, and takes its arguments without a shell', () => {
  expect(of('USER').at(-1)).toBe('relayd');
  const afterUser = instructions.slice(instructions.findIndex(({ is }) => is === 'USER'));
  expect(afterUser.map(({ is }) => is)).not.toContain('RUN');
  expect(of('HEALTHCHECK')).toHaveLength(1);
  for (const argument of [...of('ENTRYPOINT'), ...of('CMD')]) {
    expect(JSON.parse(argument)).toEqual(expect.any(Array));
  }
});

test('packages are installed without extras, and their lists do not stay', () => {
  for (const line of of('RUN').filter((run) => run.includes('apt-get install'))) {
    expect(line).toContain('--no-install-recommends');
    expect(line).toContain('rm -rf /var/lib/apt/lists');
    expect(line.indexOf('apt-get update')).toBeLessThan(line.indexOf('apt-get install'));
  }
});

test('only the two places that a read-only root leaves are written to', () => {
  expect(of('VOLUME')).toEqual(['/var/lib/relayd']);
});
