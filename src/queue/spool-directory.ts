import { join } from 'node:path';

/** Where large bodies lie, beside the databases. */
export const spoolDirectoryOf = (directory: string): string => join(directory, 'spool');
