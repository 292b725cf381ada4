import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf } from '../support/anchors.ts';
import { root } from './sources.ts';

const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root });

test('each document has one title', () => {
  const titles = documents.map((path) => {
    const prose = readFileSync(join(root, path), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
    return { path, titles: prose.match(/^# .+/gm)?.length ?? 0 };
  });
  expect(titles.filter((document) => document.titles !== 1)).toEqual([]);
});

test('links to a section lead to a heading', () => {
  const broken = documents.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return [...text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]*)\)/g)]
      .filter(([, target = '', anchor = '']) => {
        const file = target === '' ? path : join(path, '..', target);
        const linked = globSync(file, { cwd: root }).map((name) => join(root, name));
        return !linked.some((name) => anchorsOf(readFileSync(name, 'utf8')).includes(anchor));
      })
      .map(([link]) => `${path}: ${link}`);
  });
  expect(broken).toEqual([]);
});

test('links between documents lead somewhere', () => {
  const broken = documents.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(
      (match) => match[1] ?? '',
    );
    return targets
      .map((target) => join(path, '..', target))
      .filter((target) => globSync(target, { cwd: root }).length === 0)
      .map((target) => `${path}: ${target}`);
  });
  expect(broken).toEqual([]);
});

test('every fault is listed, and says which promise it attacks', () => {
  const listed = readFileSync(join(root, 'docs/faults.md'), 'utf8');
  const wrong = globSync('test/faults/*.test.ts', { cwd: root }).filter((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const tests = text.match(/^test[.(]/gm)?.length;
    const named = text.match(/['`]promises? \d/g)?.length;
    return tests !== named || !listed.includes(`\`${basename(path, '.test.ts')}\``);
  });
  expect(wrong).toEqual([]);
});
