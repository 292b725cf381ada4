import { join } from 'node:path';
import { type App, type Letter, run, type Target } from './app.ts';

/** Debian's own, which has Debian's Django; another Python may come first in the PATH. */
const python = '/usr/bin/python3';

/** Both scripts read one JSON object from standard input. */
function script(name: string, target: Target, letter: Letter): Promise<string> {
  const input = Buffer.from(JSON.stringify({ ...target, ...letter, message: undefined }));
  return run(python, [join(import.meta.dirname, name)], input);
}

/** smtplib given bytes sends line ends as they are. */
export const smtplib: App = {
  name: "Python's smtplib",
  async send(target, letter) {
    await script('smtplib_app.py', target, letter);
    return null;
  },
};

/** Django composes the message itself and prints what it meant. */
export const django: App = {
  name: "Django's EmailBackend",
  async send(target, letter) {
    return Buffer.from(await script('django_app.py', target, letter), 'base64');
  },
};
