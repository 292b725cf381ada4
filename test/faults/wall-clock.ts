/**
 * Loaded into relayd before anything else, in its main thread and its workers: the wall clock is the machine's and what
 * stands in the file that TEST_CLOCK names, in milliseconds.
 */
import { closeSync, openSync, readSync } from 'node:fs';

const descriptor = openSync(process.env.TEST_CLOCK ?? '', 'r');
process.once('exit', () => closeSync(descriptor));
const bytes = Buffer.alloc(20);
const { now } = Date;

Date.now = () => {
  readSync(descriptor, bytes, 0, bytes.length, 0);
  return now() + Number(bytes.toString());
};
