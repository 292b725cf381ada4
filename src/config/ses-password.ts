import { createHmac } from 'node:crypto';

/**
 * The SMTP password that Amazon SES takes for a secret access key, good for one region: a signature
 * of version 4 over fixed words, with the version byte 4 in front.
 */
export function sesSmtpPassword(secretAccessKey: string, region: string): string {
  const words = ['11111111', region, 'ses', 'aws4_request', 'SendRawEmail'];
  const signature = words.reduce<Buffer>(
    (key, word) => createHmac('sha256', key).update(word, 'utf8').digest(),
    Buffer.from(`AWS4${secretAccessKey}`, 'utf8'),
  );
  return Buffer.concat([Buffer.of(4), signature]).toString('base64');
}
