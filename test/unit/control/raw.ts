import { connect } from 'node:net';

/**
 * Writes bytes to a socket and gives the lines that come back as JSON values: `count` of them, or all
 * until the other side hangs up.
 */
export function dialogue(
  path: string,
  bytes: string | readonly Buffer[],
  count = Number.POSITIVE_INFINITY,
): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path);
    const lines = (): unknown[] =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
    socket.on('connect', async () => {
      for (const piece of typeof bytes === 'string' ? [bytes] : bytes) {
        await new Promise((written) => socket.write(piece, written));
        await new Promise(setImmediate);
      }
    });
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.split('\n').length > count) socket.destroy();
    });
    // What was written to a peer that has hung up is lost, which is the point of some tests.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    socket.on('close', () => resolve(lines()));
  });
}
