import type { IncomingMessage } from 'node:http';

/** The octets of a post, or why there are none. */
type ReadBody = Buffer | 'size' | 'slow';

/** Reads up to `bytesMax` octets within `msMax`; of a longer one the rest is for the caller to end. */
export function readBody(
  request: IncomingMessage,
  { bytesMax, msMax }: { readonly bytesMax: number; readonly msMax: number },
): Promise<ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (result: ReadBody): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > bytesMax) end('size');
      else chunks.push(chunk);
    };
    const onEnd = (): void => end(Buffer.concat(chunks));
    const onClose = (): void => end('slow');
    const timer = setTimeout(end, msMax, 'slow');
    request.on('error', onClose).on('data', onData).on('end', onEnd).on('close', onClose);
    // What is announced as too long is not waited for.
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) end('size');
  });
}
