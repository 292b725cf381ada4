import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';

/** What the browser is given besides pages. */
export interface WebFile {
  readonly type: string;
  readonly body: Buffer;
  /** Changes with the content, quoted as the ETag field has it. */
  readonly etag: string;
}

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Reads all of web/ with the plotting library beside it, by the path of its URL: `/web/dashboard.css`.
 * A request only looks here: no path of a request ever reaches the file system.
 */
export function loadWebFiles(): ReadonlyMap<string, WebFile> {
  return new Map(
    webSources().map(({ name, path }) => {
      const body = readFileSync(path);
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
      return [`/web/${name}`, { type: types[extname(name)] ?? '', body, etag }];
    }),
  );
}

/**
 * Where the files are: together in dist/web of a build, else in web/ with the library still in its
 * package.
 */
export function webSources(): readonly { readonly name: string; readonly path: string }[] {
  const built = join(import.meta.dirname, '../web');
  if (existsSync(built)) return filesOf(built);
  const library = dirname(createRequire(import.meta.url).resolve('uplot'));
  return [
    ...filesOf(join(import.meta.dirname, '../../web')),
    { name: 'uplot.js', path: join(library, 'uPlot.esm.js') },
    { name: 'uplot.css', path: join(library, 'uPlot.min.css') },
  ];
}

function filesOf(folder: string): { name: string; path: string }[] {
  return readdirSync(folder)
    .filter((name) => extname(name) in types)
    .map((name) => ({ name, path: join(folder, name) }));
}
