/**
 * The capture upstream as a process of its own. Prints JSON lines: `listening` first, then `received` per message.
 * Reads JSON lines from standard input: {"rules": [...]} and {"release": true}. Ends with its standard input.
 *
 *   node test/support/upstream-main.ts --port 0 --tls starttls --account user:password --certificate F --key F
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { startUpstream, type UpstreamOptions } from './upstream.ts';
import type { Rule } from './upstream-rules.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    address: { type: 'string', default: '127.0.0.1' },
    tls: { type: 'string', default: 'starttls' },
    account: { type: 'string', multiple: true, default: [] },
    certificate: { type: 'string' },
    key: { type: 'string' },
    'ca-out': { type: 'string' },
    rules: { type: 'string', default: '[]' },
  },
});

const say = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

/** The header as text, and a hash of what follows it: relays add to the one and must not touch the other. */
function parts(message: Buffer): { header: string; contentSha256: string } {
  const end = message.indexOf('\r\n\r\n');
  const content = end < 0 ? Buffer.alloc(0) : message.subarray(end + 4);
  return {
    header: message.toString('latin1', 0, end < 0 ? message.length : end),
    contentSha256: createHash('sha256').update(content).digest('hex'),
  };
}

const upstream = await startUpstream({
  port: Number(values.port),
  address: values.address,
  tls: values.tls as NonNullable<UpstreamOptions['tls']>,
  accounts: Object.fromEntries(
    values.account.map((pair) => {
      const [username = '', ...password] = pair.split(':');
      return [username, password.join(':')];
    }),
  ),
  rules: JSON.parse(values.rules) as Rule[],
  keepMessages: false,
  ...(values.certificate === undefined || values.key === undefined
    ? {}
    : {
        pair: {
          certificate: readFileSync(values.certificate, 'utf8'),
          key: readFileSync(values.key, 'utf8'),
        },
      }),
  onMessage: ({ body, ...message }) => say({ is: 'received', ...message, ...parts(body) }),
});
if (values['ca-out'] !== undefined && upstream.ca !== null) {
  writeFileSync(values['ca-out'], upstream.ca);
}
say({ is: 'listening', port: upstream.port });

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as { rules?: Rule[]; release?: boolean };
  if (order.rules !== undefined) upstream.script(order.rules);
  if (order.release === true) upstream.release();
}
await upstream.close();
