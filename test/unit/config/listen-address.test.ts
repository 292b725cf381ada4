import { expect, test } from 'vitest';
import {
  formatListenAddress,
  isLoopbackHost,
  overlap,
  parseListenAddress,
} from '../../../src/config/listen-address.ts';

test.each([
  '127.0.0.1:587',
  '[::1]:587',
  'localhost:0',
  'unix:/run/relayd/submission.sock',
  'systemd:submission',
])('%s is read and written back', (text) => {
  const address = parseListenAddress(text);
  expect(address === null ? null : formatListenAddress(address)).toBe(text);
});

test.each([
  '587',
  ':587',
  '::1:587',
  '127.0.0.1',
  '127.0.0.1:70000',
  '[127.0.0.1]:25',
  'unix:',
  '',
])('%s is no address', (text) => {
  expect(parseListenAddress(text)).toBeNull();
});

test('loopback is 127.0.0.0/8, ::1 and localhost', () => {
  for (const host of ['127.0.0.1', '127.8.9.1', '::1', 'localhost', 'LOCALHOST.', 'a.localhost']) {
    expect(isLoopbackHost(host), host).toBe(true);
  }
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.example', '127.0.0.1.example']) {
    expect(isLoopbackHost(host), host).toBe(false);
  }
});

test('an address for all interfaces takes the port everywhere', () => {
  const tcp = (host: string, port: number) => ({ is: 'tcp', host, port }) as const;
  expect(overlap(tcp('0.0.0.0', 587), tcp('127.0.0.1', 587))).toBe(true);
  expect(overlap(tcp('127.0.0.1', 587), tcp('127.0.0.2', 587))).toBe(false);
  expect(overlap(tcp('127.0.0.1', 0), tcp('127.0.0.1', 0))).toBe(false);
  expect(overlap({ is: 'unix', path: '/a' }, { is: 'unix', path: '/a' })).toBe(true);
});
