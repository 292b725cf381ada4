import { expect, test } from 'vitest';
import { isCertificateUrl, isSubscribeUrl } from '../../../src/feedback/sns.ts';
import { snsServer } from '../../../src/feedback/sns-server.ts';
import { makeCa, makeCertificate } from '../../support/certificates.ts';
import { certificateUrl } from '../../support/feedback-posts.ts';

const minute = 60_000;

test.each([
  [certificateUrl, true],
  ['https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0123456789abcdef.pem', true],
  [certificateUrl.replace('https:', 'http:'), false],
  [certificateUrl.replace('sns.', 'evil.example/sns.'), false],
  [certificateUrl.replace('.com/', '.com.evil.example/'), false],
  [certificateUrl.replace('.com/', '.com:8443/'), false],
  [certificateUrl.replace('https://', 'https://sns@'), false],
  ['https://bucket.s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem', false],
  ['https://sns.eu-west-3.amazonaws.com/?Action=Anything', false],
  ['', false],
])('a certificate at %j: %j', (url, right) => {
  expect(isCertificateUrl(url)).toBe(right);
  expect(isSubscribeUrl(url)).toBe(false);
});

test('a certificate is fetched once; one that cannot be had is asked for again later', async () => {
  const { certificate } = await makeCertificate(await makeCa(), { names: ['sns.amazonaws.com'] });
  let [asked, nowMs] = [0, Date.now()];
  let text: string | null = null;
  const fake = (async () => {
    asked++;
    if (text === null) throw new TypeError('fetch failed');
    return new Response(text);
  }) as typeof fetch;
  const { keyAt } = snsServer({ clock: () => nowMs, fetch: fake });
  expect(await keyAt(certificateUrl)).toBeNull();
  text = certificate;
  expect(await keyAt(certificateUrl)).toBeNull();
  expect(asked).toBe(1);
  nowMs += minute + 1;
  const keys = await Promise.all([keyAt(certificateUrl), keyAt(certificateUrl)]);
  expect(keys.map((key) => key?.type)).toEqual(['public', 'public']);
  expect(asked).toBeLessThanOrEqual(3);
  const before = asked;
  await keyAt(certificateUrl);
  expect(asked).toBe(before);
  nowMs += 100 * 365 * 86_400_000;
  expect(await keyAt(certificateUrl)).toBeNull();
});

test('a stranger cannot have it ask for one certificate after the other', async () => {
  let asked = 0;
  const fake = (async () => {
    asked++;
    return new Response('x'.repeat(100_000));
  }) as typeof fetch;
  const { keyAt } = snsServer({ clock: () => 1, fetch: fake });
  for (let at = 0; at < 30; at++) {
    expect(await keyAt(certificateUrl.replace(/[0-9a-f]{16}/, String(10_000_000 + at)))).toBeNull();
  }
  expect(asked).toBe(10);
});
