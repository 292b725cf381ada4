import type { AccountExtra, FileReader, Note, Place } from './model.ts';

/** A file that the old configuration names, and the setting that does. */
export interface NamedFile {
  readonly path: string;
  readonly what: string;
  readonly at: Place;
}

/** Bundles that come with the system: their certificates are trusted anyway. */
const systemBundles = [
  /\/ca-certificates\.crt$/,
  /^\/etc\/(?:ssl|pki)\/(?:.*\/)?(?:tls-)?ca-bundle\.(?:crt|pem)$/,
  /^\/etc\/(?:ssl|pki\/tls)\/cert\.pem$/,
];

/** The certificates of an account. Without a file of its own the key stands in that of the certificate. */
export function tlsFiles(
  named: Readonly<Record<'ca' | 'certificate' | 'key', NamedFile | null>>,
  { read, note }: { readonly read: FileReader; readonly note: Note },
): Pick<AccountExtra, 'ca' | 'certificate' | 'key'> {
  const readable = (file: NamedFile | null): string | undefined => {
    if (file === null) return undefined;
    const { path, what, at } = file;
    if (path === 'system' || systemBundles.some((bundle) => bundle.test(path))) return undefined;
    const isWhole = path.startsWith('/');
    if (isWhole && read(path) !== null) return path;
    const hint = isWhole ? '' : '; give its whole name';
    note('left-out', at, what, `${path} cannot be read${hint}`);
    return undefined;
  };
  const ca = readable(named.ca);
  const certificate = readable(named.certificate);
  const key = named.key === null ? certificate : readable(named.key);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
  };
}
