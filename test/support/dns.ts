import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

const TYPES = { CNAME: 5, TXT: 16 } as const;

export interface Zone {
  readonly [name: string]: { readonly TXT?: readonly string[]; readonly CNAME?: string };
}

export interface DnsServer {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** Names asked for, in order, as `TXT name`. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/**
 * A DNS server (RFC 1035, over UDP) on loopback that knows one zone, and follows its CNAMEs. The same is asked of
 * Debian's dnsmasq in test/peers/domain-check.peer.ts.
 */
export async function startDns(zone: Zone): Promise<DnsServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const { name, type, end } = questionOf(query);
    asked.push(`${type === TYPES.TXT ? 'TXT' : type} ${name}`);
    socket.send(answerTo(query, { name, type, end }, zone), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    asked,
    async close() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

interface Question {
  readonly name: string;
  readonly type: number;
  /** Offset behind the question. */
  readonly end: number;
}

function questionOf(query: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('ascii', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(query: Buffer, { name, type, end }: Question, zone: Zone): Buffer {
  const answers: Buffer[] = [];
  let owner = name;
  // A chain of CNAMEs in a test is short, and must end when it is a loop.
  for (let step = 0; step < 8; step++) {
    const target = zone[owner]?.CNAME;
    if (target === undefined) break;
    answers.push(record(owner, TYPES.CNAME, encodedName(target)));
    if (type === TYPES.CNAME) break;
    owner = target;
  }
  if (type === TYPES.TXT) {
    for (const text of zone[owner]?.TXT ?? []) answers.push(record(owner, type, strings(text)));
  }
  const known = name in zone;
  const head = Buffer.alloc(12);
  head.writeUInt16BE(query.readUInt16BE(0), 0);
  // Answer, authoritative, recursion asked for and available; NXDOMAIN for a name that is not there.
  head.writeUInt16BE(0x8580 | (known ? 0 : 3), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answers.length, 6);
  return Buffer.concat([head, query.subarray(12, end), ...answers]);
}

function record(name: string, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(60, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodedName(name), fixed, data]);
}

function encodedName(name: string): Buffer {
  const labels = name.split('.').map((label) => {
    return Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'ascii')]);
  });
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** RFC 1035 section 3.3.14: strings of at most 255 octets. */
function strings(text: string): Buffer {
  const parts = text.match(/.{1,200}/gs) ?? [''];
  return Buffer.concat(
    parts.flatMap((part) => [Buffer.from([part.length]), Buffer.from(part, 'ascii')]),
  );
}
