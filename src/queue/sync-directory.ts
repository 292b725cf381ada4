import { open } from 'node:fs/promises';

/** What was renamed in it survives a power cut from here on. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
