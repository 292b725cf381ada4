import { expect } from 'vitest';
import { Client } from '../../dialogue/client.ts';
import { shopPlain } from '../../dialogue/run.ts';

/** A connection whose greeting has been read. */
export async function greeted(port: number): Promise<Client> {
  const client = await Client.open({ host: '127.0.0.1', port, implicitTls: false });
  expect((await client.reply())[0]).toMatch(/^220 /);
  return client;
}

/** Sends a line and gives the first line of the reply. */
export async function say(client: Client, line: string): Promise<string> {
  await client.send(Buffer.from(`${line}\r\n`));
  return (await client.reply(line))[0] ?? '';
}

/** A session logged in as `shop`. */
export async function loggedIn(port: number): Promise<Client> {
  const client = await greeted(port);
  await say(client, 'EHLO app.example');
  expect(await say(client, `AUTH PLAIN ${shopPlain}`)).toMatch(/^235 /);
  return client;
}

/** A transaction up to 354. */
export async function inData(
  client: Client,
  to: readonly string[] = ['b@x.example'],
): Promise<void> {
  expect(await say(client, 'MAIL FROM:<a@x.example>')).toMatch(/^250 /);
  for (const path of to) expect(await say(client, `RCPT TO:<${path}>`)).toMatch(/^250 /);
  expect(await say(client, 'DATA')).toMatch(/^354 /);
}

/** Sends a whole message and gives the reply to its final dot. */
export async function submit(client: Client, message: string | Buffer): Promise<string> {
  await inData(client);
  await client.send(Buffer.concat([Buffer.from(message), Buffer.from('.\r\n')]));
  return (await client.reply('final dot'))[0] ?? '';
}
