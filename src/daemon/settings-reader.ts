import { loadSettings } from '../config/load.ts';
import { encodeLoaded } from './settings-wire.ts';

/*
 * The process that reads relay.yaml for the daemon and ends. What it takes to check a file (the
 * YAML parser, the schema, the presets) is never loaded into the daemon, which runs for months.
 */
const [file = ''] = process.argv.slice(2);
process.stdout.write(encodeLoaded(await loadSettings(file, process.env)));
