import { ok } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ASKS } from '../../src/control/requests.ts';
import { openControl } from '../../src/control/server.ts';
import { CONTROL_VERSION, type ControlHandlers } from '../../src/control/wire.ts';
import type { Pieces, Target } from './target.ts';

const hello = JSON.stringify({ hello: 'relayctl', version: CONTROL_VERSION });

/** What a handler says is not looked at here: each gives back what it was asked. */
const handlers = new Proxy({} as ControlHandlers, {
  get: () => async (ask: unknown) => ({ asked: ask }),
});

/**
 * Every line that comes back is JSON in the protocol's form, there are no more of them than were
 * asked for, and a client that keeps to the language is served afterwards.
 */
export const controlTarget: Target = {
  words: [
    `${hello}\n`,
    '{"hello":"x","version":99}\n',
    ...Object.keys(ASKS).map((name) => `{"id":1,"request":"${name}","ask":{}}\n`),
    '{"id":2,"request":"queue.list","ask":{"filter":{"states":["held"]},"limit":5}}\n',
    '{"id":3,"request":"__proto__","ask":{}}\n',
    '{"id":3,"request":"constructor","ask":null}\n',
    '{"id":1e308,"request":"status","ask":{"__proto__":{"a":1}}}\n',
    '{"id":',
    '"ask":',
    '[[[[[[',
    'null\n',
    '\n',
    '{}\n',
    '"\\ud800"',
    ',',
    '}',
    'GET / HTTP/1.1\r\n',
  ],
  piecesMax: 12,
  seeds: [[`${hello}\n`, '{"id":1,"request":"status","ask":{}}\n']],
  async open() {
    const directory = mkdtempSync(join(tmpdir(), 'relayd-fuzz-'));
    const socket = join(directory, 'control.sock');
    const control = await openControl({ socket, handlers, emit: () => {} });
    return {
      async run(pieces) {
        const lines = await said(socket, pieces);
        const asked = pieces.join('').split('\n').length - 1;
        ok(lines.length <= asked + 2, `${lines.length} lines for ${asked}`);
        for (const line of lines) judgeLine(JSON.parse(line));
        const after = await said(socket, [`${hello}\n`, '{"id":7,"request":"status","ask":{}}\n']);
        ok(after[1]?.startsWith('{"id":7,'), `it is not served any more: ${after}`);
      },
      async close() {
        await control.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
};

function judgeLine(line: Readonly<Record<string, unknown>>): void {
  const isHello = typeof line.hello === 'string' && line.version === CONTROL_VERSION;
  const isReply = typeof line.id === 'number' || line.id === null;
  ok(isHello || (isReply && ('answer' in line || 'error' in line)), JSON.stringify(line));
  const error = line.error as { readonly code: string } | undefined;
  ok(error?.code !== 'internal', JSON.stringify(line));
}

/** The lines that come back until the other side hangs up. */
function said(path: string, pieces: Pieces): Promise<string[]> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ path, allowHalfOpen: true });
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    // A server that has had enough hangs up on what is still being written.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(text.split('\n').slice(0, -1)));
    socket.on('end', () => socket.end());
    for (const piece of pieces) socket.write(Buffer.from(piece, 'latin1'));
    socket.end();
  });
}
