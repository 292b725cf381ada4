/**
 * Loaded into relayd before anything else: what the system's resolver says of names below `.test` stands in the file that
 * TEST_RESOLVER names, a list of addresses or the code of an error, as JSON.
 */
import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

type Done = (error: Error | null, addresses?: unknown, family?: number) => void;

const { lookup } = dns;

function answer(host: string, options: dns.LookupOptions, done: Done): void {
  if (!host.endsWith('.test')) {
    lookup(host, options, done as never);
    return;
  }
  const said: string | string[] = JSON.parse(readFileSync(process.env.TEST_RESOLVER ?? '', 'utf8'));
  process.nextTick(() => {
    if (typeof said === 'string') {
      done(Object.assign(new Error(`getaddrinfo ${said} ${host}`), { code: said }));
      return;
    }
    const all = said.map((address) => ({ address, family: isIP(address) }));
    if (options.all === true) done(null, all);
    else done(null, all[0]?.address, all[0]?.family);
  });
}

Object.assign(dns, { lookup: answer });
