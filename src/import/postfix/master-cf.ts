import { logicalLines } from '../logical-lines.ts';
import type { Parameter, Parameters } from './main-cf.ts';

/** One line of master.cf. */
export interface Service {
  readonly name: string;
  readonly type: string;
  readonly command: string;
  /** `-o name=value` */
  readonly options: ReadonlyMap<string, Parameter>;
}

/** Services in the order of the file. */
export function readMaster(file: { readonly path: string; readonly text: string }): Service[] {
  return logicalLines(file.text).flatMap(({ text, line }) => {
    const [name, type, , , , , , command, ...words] = text.split(/\s+/);
    if (name === undefined || type === undefined || command === undefined) return [];
    const at = { file: file.path, line };
    const options = new Map<string, Parameter>();
    // `-o name=value`, or `-o { name = value }` where the value holds spaces.
    const given = words.join(' ');
    const pattern = /-o\s*(?:\{\s*(\w+)\s*=\s*([^}]*?)\s*\}|(\w+)=(\S*))/g;
    for (const [, long, longValue, short, shortValue] of given.matchAll(pattern)) {
      const value = longValue ?? shortValue ?? '';
      options.set(long ?? short ?? '', { value, at });
    }
    return [{ name, type, command, options }];
  });
}

/** The parameters of a delivery service: main.cf with what master.cf says in its place. */
export function parametersOf(
  main: Parameters,
  services: readonly Service[],
  transport: string,
): Parameters {
  const service = services.find(({ name, type }) => name === transport && type === 'unix');
  return service === undefined ? main : new Map([...main, ...service.options]);
}

/** Where smtpd listens: `host:port`, a port or a name, as master.cf writes it. */
export function listenersIn(services: readonly Service[]): string[] {
  return services
    .filter(({ type, command }) => type === 'inet' && command === 'smtpd')
    .map(({ name }) => name);
}
