/** Debian's names; those of Node's platform packages stand beside them. */
export const architectures = ['amd64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

/** As process.arch, npm and the prebuilt SQLite call them. */
export const nodeArch: Readonly<Record<Architecture, string>> = { amd64: 'x64', arm64: 'arm64' };

export function isArchitecture(text: string): text is Architecture {
  return architectures.some((one) => one === text);
}

/** One run of scripts/package.ts. */
export interface Build {
  readonly arch: Architecture;
  readonly version: string;
  /** Every file's time. */
  readonly epochSeconds: number;
  /** Removed at the end. */
  readonly work: string;
  readonly out: string;
}
