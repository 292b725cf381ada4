import { expect, test } from 'vitest';
import { readArguments } from '../../../src/daemon/arguments.ts';

test.each([
  ['nothing', [], {}, { is: 'run', config: '/etc/relayd/relay.yaml', log: null }],
  [
    'the environment',
    [],
    { RELAYD_CONFIG: '/e.yaml' },
    { is: 'run', config: '/e.yaml', log: null },
  ],
  [
    'a file for the log',
    ['--config', 'a.yaml', '--log', '/var/log/relayd/mainlog'],
    { RELAYD_CONFIG: '/e.yaml' },
    { is: 'run', config: 'a.yaml', log: '/var/log/relayd/mainlog' },
  ],
  ['a check', ['--check', '--config=a.yaml'], {}, { is: 'check', config: 'a.yaml' }],
  ['the version', ['--version'], {}, { is: 'version' }],
  ['a preflight', ['--preflight'], {}, { is: 'preflight', config: '/etc/relayd/relay.yaml' }],
  ['help before anything else', ['-h', '--check'], {}, { is: 'help' }],
])('%s', (_, args, environment, command) => {
  expect(readArguments(args, environment)).toEqual(command);
});

test.each([[['--logs', 'x']], [['--log']], [['relay.yaml']]])('%j is wrong', (args) => {
  expect(readArguments(args, {}).is).toBe('wrong');
});
