/**
 * Writes what is made from the configuration's schema (config/relay.schema.json, relay.example.yaml, man/relay.yaml.5),
 * from the table of commands (man/relayctl.1, config/completions), from the daemon's options (man/relayd.8) and those of its
 * sendmail (man/relayd-sendmail.1), from the catalogue of metrics (docs/metrics.md) and from the panels in scripts/generate
 * (config/grafana-dashboard.json).
 * `--check` writes nothing and exits 1 when a file differs from what would be written.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { completionScript, SHELLS } from '../src/cli/completion-script.ts';
import { processIo } from '../src/cli/io.ts';
import { manPage } from '../src/cli/man.ts';
import { buildProgram } from '../src/cli/program.ts';
import { daemonPage } from './generate/daemon-page.ts';
import { exampleFile } from './generate/example.ts';
import { grafanaDashboard } from './generate/grafana.ts';
import { jsonSchema } from './generate/json-schema.ts';
import { manualPage } from './generate/manual.ts';
import { metricsPage } from './generate/metrics-page.ts';
import { sendmailPage } from './generate/sendmail-page.ts';

const root = join(import.meta.dirname, '..');
const schema = jsonSchema();
const outputs: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    SHELLS.map((shell) => [`config/completions/relayctl.${shell}`, completionScript(shell)]),
  ),
  'config/relay.schema.json': `${JSON.stringify(schema, null, 2)}\n`,
  'relay.example.yaml': exampleFile(schema),
  'man/relay.yaml.5': manualPage(schema),
  'man/relayd.8': daemonPage(),
  'man/relayd-sendmail.1': sendmailPage(),
  'config/grafana-dashboard.json': grafanaDashboard(),
  'docs/metrics.md': metricsPage(),
  'man/relayctl.1': manPage(buildProgram({ io: processIo(), exitCode: 0 })),
};

for (const [name, text] of Object.entries(outputs)) {
  const path = join(root, name);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  if (process.argv.includes('--check')) {
    process.stderr.write(`${name} is out of date; run npm run generate\n`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    process.stdout.write(`${name} written\n`);
  }
}
