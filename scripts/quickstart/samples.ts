import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { clients, submissionPort } from './scene.ts';

export interface Sample {
  readonly file: string;
  readonly bytes: Buffer;
  readonly from: string;
  readonly recipients: readonly string[];
  readonly client: (typeof clients)[number];
}

/** The messages of test/samples, each with the app whose sender domain it bears. */
export function readSamples(directory: string): Sample[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.eml'))
    .map((file) => {
      const bytes = readFileSync(join(directory, file));
      const header = bytes.toString('utf8').split('\r\n\r\n', 1)[0] ?? '';
      const from = addresses(header, 'From')[0] ?? '';
      const client = clients.find(({ domain }) => from.endsWith(`@${domain}`));
      if (client === undefined) throw new Error(`${file}: no client sends as ${from}`);
      const recipients = ['To', 'Cc', 'Bcc'].flatMap((field) => addresses(header, field));
      return { file, bytes, from, recipients, client };
    });
}

function addresses(header: string, field: string): string[] {
  const value = new RegExp(`^${field}: (.*)$`, 'im').exec(header)?.[1] ?? '';
  return value.match(/[\w.+-]+@[\w.-]+/g) ?? [];
}

/** Submits as an app does; returns the queue id of the 250. */
export async function submit(sample: Sample): Promise<string> {
  const transport = createTransport({
    host: '127.0.0.1',
    port: submissionPort,
    ignoreTLS: true, // loopback, as the listener of the quickstart is
    auth: { user: sample.client.name, pass: sample.client.password },
  });
  const { response } = await transport.sendMail({
    envelope: { from: sample.from, to: [...sample.recipients] },
    raw: sample.bytes,
  });
  const id = /queued as (\w+)/.exec(response)?.[1];
  if (id === undefined) throw new Error(`${sample.file}: answered ${response}`);
  return id;
}
