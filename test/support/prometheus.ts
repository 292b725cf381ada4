import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the number as text. */
  readonly value: readonly [number, string];
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: string;
}

/** Debian's Prometheus, scraping every second what it was given as the job `relayd`. */
export interface Prometheus {
  /** The result of an instant query; rejects with what Prometheus says of a wrong one. */
  query(expr: string): Promise<readonly Sample[]>;
  alerts(): Promise<readonly FiringAlert[]>;
  close(): Promise<void>;
}

const startMsMax = 30_000;

export async function startPrometheus(options: {
  readonly target: string;
  readonly rules: string;
}): Promise<Prometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-prometheus-'));
  const address = `127.0.0.1:${await freePort()}`;
  const file = join(directory, 'prometheus.yml');
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [options.rules],
    scrape_configs: [{ job_name: 'relayd', static_configs: [{ targets: [options.target] }] }],
  };
  writeFileSync(file, JSON.stringify(config));
  const words = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=${address}`,
    '--log.level=warn',
  ];
  const child = spawn('prometheus', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const close = async (): Promise<void> => {
    await end(child);
    await rm(directory, { recursive: true });
  };
  try {
    await ready(child, `http://${address}/-/ready`);
  } catch (error) {
    await close();
    throw new Error(`prometheus did not start\n${said}`, { cause: error });
  }
  const ask = async <Data>(path: string): Promise<Data> => {
    const answer = await fetch(`http://${address}/api/v1/${path}`);
    const { status, data, error } = (await answer.json()) as {
      status: string;
      data: Data;
      error?: string;
    };
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  };
  return {
    async query(expr) {
      const path = `query?query=${encodeURIComponent(expr)}`;
      const { result } = await ask<{ result: Sample[] }>(path);
      return result;
    },
    async alerts() {
      const { alerts } = await ask<{ alerts: FiringAlert[] }>('alerts');
      return alerts;
    },
    close,
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Asks until it says that it is ready, it ends, or it is too late. */
async function ready(child: ChildProcess, url: string): Promise<void> {
  const late = AbortSignal.timeout(startMsMax);
  let failed: unknown = null;
  child.once('error', (error) => {
    failed = error;
  });
  while (failed === null && child.exitCode === null) {
    late.throwIfAborted();
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw failed ?? new Error(`exit code ${child.exitCode}`);
}
