import http from 'node:http';
import https from 'node:https';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { type OutputChunk, type Plugin, type RolldownOutput, rolldown } from 'rolldown';
import { root } from './package/run.ts';

/** Processes and threads of ours begin with one of these, below src/ and below dist/. */
const entries = [
  'daemon/main',
  'daemon/settings-reader',
  'threads/storage-thread',
  'cli/relayctl',
  'sendmail/main',
];
/** It is a shared object, which it finds in its own folder. */
export const NOT_BUNDLED = ['better-sqlite3'];

/**
 * Makes each entry of src/ one file of `dist` with all that it imports, packages included; what it
 * loads when wanted lies beside it. That is 7 MiB of a daemon's memory: loading many files sets the
 * optimizing compiler to work, whose pages stay (docs/decisions/032-idle-memory.md). Names and a
 * line for each source are kept for stack traces. Throws when something is missing.
 */
export async function bundle(dist: string): Promise<void> {
  for (const entry of entries) {
    const build = await rolldown({
      input: { [entry]: join(root, 'src', `${entry}.ts`) },
      cwd: root,
      platform: 'node',
      external: NOT_BUNDLED,
      transform: { target: 'node24' },
      plugins: [withoutUndici],
      onLog(level, { message }) {
        if (level === 'warn') throw new Error(message);
      },
    });
    const written = await build.write({
      dir: dist,
      format: 'esm',
      charset: 'ascii',
      comments: { legal: true, annotation: false, jsdoc: false },
      // Two levels deep like any other file: paths in the package are found from there.
      chunkFileNames: `${entry}-[name].js`,
    });
    await build.close();
    check(entry, written);
  }
}

function check(entry: string, { output }: RolldownOutput): void {
  for (const chunk of output as OutputChunk[]) {
    const { fileName, code, imports, dynamicImports } = chunk;
    for (const name of [...imports, ...dynamicImports]) {
      const known = output.some((other) => other.fileName === name);
      // An entry awaits what it does: who imports it from a part of it waits for ever.
      if (name === `${entry}.js`) throw new Error(`${fileName} imports its entry`);
      if (!known && ![...builtins, ...NOT_BUNDLED].includes(name)) {
        throw new Error(`${fileName} imports ${name}`);
      }
      if (dirname(fileName) !== dirname(entry)) throw new Error(`${fileName} is not beside it`);
    }
    // Node keeps the text of a file, two bytes a character as soon as one is beyond ASCII.
    const wide = /[^\0-\x7f]/.exec(code);
    if (wide !== null)
      throw new Error(`${fileName} is not ASCII: ${code.slice(wide.index, wide.index + 80)}`);
  }
}

const builtins = builtinModules.flatMap((name) => [name, `node:${name}`]);

/**
 * `import 'node:http'` evaluates what the module offers, accessors too, and one of them loads an
 * HTTP client of 2 MiB that nobody here uses. Values are all that anybody here wants of it.
 */
const withoutUndici: Plugin = {
  name: 'without-undici',
  resolveId(specifier, _importer, { kind }) {
    const name = /^(?:node:)?(https?)$/.exec(specifier)?.[1];
    return name === undefined || kind !== 'import-statement' ? null : `\0node:${name}`;
  },
  load(id) {
    if (!id.startsWith('\0node:http')) return null;
    const module = { '\0node:http': http, '\0node:https': https }[id] ?? {};
    const values = Object.entries(Object.getOwnPropertyDescriptors(module))
      .filter(([, descriptor]) => 'value' in descriptor)
      .map(([name]) => `export const ${name} = module.${name};\n`);
    const given = `process.getBuiltinModule('${id.slice(1)}')`;
    return `const module = ${given};\nexport default module;\n${values.join('')}`;
  },
};
