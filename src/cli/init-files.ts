import { rmSync } from 'node:fs';
import { chown, lstat, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { EX_CANTCREAT, EX_TEMPFAIL } from '../lib/sysexits.ts';
import { Failure } from './failure.ts';
import { type InitClient, type InitPlan, relayConfig, secretFile } from './init-plan.ts';
import { userNamed } from './service-user.ts';

/** Files that lie ready beside their places. */
export interface Staged {
  /** The relay.yaml to be tried; it works where it lies. */
  readonly config: string;
  /** Moves all into place. Resolves with what was written. */
  commit(): Promise<readonly WrittenFile[]>;
  /** Takes away what is left; also after `commit`. */
  discard(): Promise<void>;
}

export interface WrittenFile {
  readonly path: string;
  /** `0640` */
  readonly mode: string;
}

/** Rejects with Failure when one of the files is there already. */
export async function refuseToOverwrite(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const found = await lstat(file).catch(() => null);
    if (found === null) continue;
    const text = `${file} exists already; move it away, or give --force to replace it`;
    throw new Failure('exists', EX_CANTCREAT, text);
  }
}

/** Where the password goes for this relay.yaml. */
export function secretPath(file: string, plan: Pick<InitPlan, 'account'>): string {
  return join(dirname(resolve(file)), secretFile(plan));
}

/** Ctrl-C leaves no password behind. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Writes into a directory of its own that nobody else can enter. Rejects with Failure. */
export async function stageFiles(
  file: string,
  plan: InitPlan,
  clients: readonly InitClient[],
): Promise<Staged> {
  const target = resolve(file);
  const directory = dirname(target);
  try {
    await mkdir(directory, { recursive: true, mode: 0o755 });
    const stage = await mkdtemp(join(directory, '.relayctl-init-'));
    const config = join(stage, basename(target));
    const giveUp = (): void => {
      rmSync(stage, { recursive: true, force: true });
      process.exit(EX_TEMPFAIL);
    };
    for (const signal of SIGNALS) process.once(signal, giveUp);
    await writeFile(config, relayText(plan, clients), { mode: 0o640 });
    await mkdir(join(stage, 'secrets'), { mode: 0o700 });
    const secret = plan.login.is === 'password' ? plan.login.password : null;
    if (secret !== null) {
      await writeFile(join(stage, secretFile(plan)), `${secret}\n`, { mode: 0o600 });
    }
    return {
      config,
      commit: () => commit(stage, target, secret === null ? null : secretFile(plan)),
      async discard() {
        await rm(stage, { recursive: true, force: true });
        for (const signal of SIGNALS) process.off(signal, giveUp);
      },
    };
  } catch (error) {
    throw new Failure(
      'cannot-write',
      EX_CANTCREAT,
      `cannot write to ${directory}: ${reason(error)}`,
    );
  }
}

async function commit(
  stage: string,
  target: string,
  secret: string | null,
): Promise<WrittenFile[]> {
  const directory = dirname(target);
  // Of the systemd unit; as root nothing else could be read by the daemon.
  const daemon = process.getuid?.() === 0 ? userNamed('relayd') : null;
  const own = async (path: string, uid: number): Promise<void> => {
    if (daemon !== null) await chown(path, uid, daemon.gids[0] ?? 0);
  };
  const written: WrittenFile[] = [];
  try {
    if (secret !== null) {
      await mkdir(join(directory, 'secrets'), { recursive: true, mode: 0o700 });
      await own(join(directory, 'secrets'), daemon?.uid ?? 0);
      await own(join(stage, secret), daemon?.uid ?? 0);
      await rename(join(stage, secret), join(directory, secret));
      written.push({ path: join(directory, secret), mode: '0600' });
    }
    const staged = join(stage, basename(target));
    await own(staged, 0);
    await rename(staged, target);
    return [{ path: target, mode: '0640' }, ...written];
  } catch (error) {
    throw new Failure(
      'cannot-write',
      EX_CANTCREAT,
      `cannot write to ${directory}: ${reason(error)}`,
    );
  }
}

function relayText(plan: InitPlan, clients: readonly InitClient[]): string {
  const head =
    '# Made by `relayctl init`. All keys: man relay.yaml, relay.example.yaml\n' +
    '# After a change: relayctl config check, then systemctl reload relayd\n';
  return `${head}${stringify(relayConfig(plan, clients), { lineWidth: 0 })}`;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
