import type { MessageRead } from '../control/reports.ts';
import { type Ask, ControlError, type Outlet, type Part } from '../control/wire.ts';
import type { Delivery } from '../delivery/delivery.ts';

/** Bytes in one part: a multiple of three, so that base 64 needs no padding in between. */
const partBytesMax = 48 * 1024;

/** Sends a message part by part, as fast as it is read: memory does not grow with it. */
export async function readMessage(
  delivery: Pick<Delivery, 'preview'>,
  { id, what, stored }: Ask<'message.read'>,
  send: Outlet<Part<'message.read'>>['send'],
): Promise<MessageRead> {
  const preview = await delivery.preview(id, stored);
  if (preview === null) {
    const text = `the bytes of message ${id} are not in the queue (any more)`;
    throw new ControlError('not-found', text);
  }
  let bytes = 0;
  for await (const piece of what === 'raw' ? preview.chunks : part(preview.chunks, what)) {
    for (let at = 0; at < piece.length; at += partBytesMax) {
      const slice = piece.subarray(at, at + partBytesMax);
      bytes += slice.length;
      await send({ base64: slice.toString('base64') });
    }
  }
  const { account, recipients, otherVersions } = preview;
  return { bytes, account, recipients, otherVersions };
}

/** The header with the empty line that ends it (RFC 5322 section 2.1), or all that follows. */
async function* part(
  chunks: AsyncIterable<Buffer>,
  what: 'headers' | 'body',
): AsyncGenerator<Buffer> {
  const seen = new HeaderEnd();
  for await (const chunk of chunks) {
    const end = seen.push(chunk);
    if (what === 'headers') {
      yield chunk.subarray(0, end);
      if (seen.passed) return;
    } else if (end < chunk.length) {
      yield chunk.subarray(end);
    }
  }
}

const CR = 13;
const LF = 10;

/** Where a header ends, whatever the chunks. */
class HeaderEnd {
  /** How much of CR LF CR LF the last octets were; a message may begin with the empty line. */
  #matched = 2;

  get passed(): boolean {
    return this.#matched === 4;
  }

  /** How many octets of the chunk belong to the header. */
  push(chunk: Buffer): number {
    let at = 0;
    for (; at < chunk.length && !this.passed; at++) {
      const octet = chunk[at];
      const wanted = this.#matched % 2 === 0 ? CR : LF;
      if (octet === wanted) this.#matched += 1;
      else this.#matched = octet === CR ? 1 : 0;
    }
    return at;
  }
}
