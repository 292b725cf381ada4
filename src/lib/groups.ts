import { chownSync, existsSync, lstatSync, readFileSync } from 'node:fs';

/** chown(2): a process may give its file to a group that it belongs to, root to any. */
export function mayGiveTo(group: number): boolean {
  return (
    process.geteuid?.() === 0 ||
    process.getegid?.() === group ||
    (process.getgroups?.().includes(group) ?? false)
  );
}

/** The number of a group of /etc/group, null when it is not there. */
export function groupId(name: string): number | null {
  const line = groupLines().find((fields) => fields[0] === name);
  return line === undefined ? null : Number(line[2]);
}

/** The name of a group of /etc/group, null when it is not there. */
export function groupName(id: number): string | null {
  return groupLines().find((fields) => Number(fields[2]) === id)?.[0] ?? null;
}

function groupLines(): string[][] {
  if (!existsSync('/etc/group')) return [];
  const lines = readFileSync('/etc/group', 'utf8').split('\n');
  return lines.map((line) => line.split(':')).filter((fields) => fields.length >= 3);
}

/**
 * Changes the group of a file. One that has it already is left alone: a sandbox may forbid the call
 * itself.
 */
export function giveTo(path: string, group: number): void {
  if (lstatSync(path).gid !== group) chownSync(path, -1, group);
}
