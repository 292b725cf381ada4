/**
 * Writes what is made from the one schema: config/relay.schema.json, relay.example.yaml and man/relay.yaml.5.
 * `--check` writes nothing and exits 1 when a file differs from what would be written.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exampleFile } from './generate/example.ts';
import { jsonSchema } from './generate/json-schema.ts';
import { manualPage } from './generate/manual.ts';

const root = join(import.meta.dirname, '..');
const schema = jsonSchema();
const outputs: Readonly<Record<string, string>> = {
  'config/relay.schema.json': `${JSON.stringify(schema, null, 2)}\n`,
  'relay.example.yaml': exampleFile(schema),
  'man/relay.yaml.5': manualPage(schema),
};

for (const [name, text] of Object.entries(outputs)) {
  const path = join(root, name);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  if (process.argv.includes('--check')) {
    process.stderr.write(`${name} is not what the schema gives; run npm run generate\n`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
    process.stdout.write(`${name} written\n`);
  }
}
