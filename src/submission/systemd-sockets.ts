/** File descriptors of listening sockets by the name of their unit (`FileDescriptorName=`). */
export type SystemdSockets = ReadonlyMap<string, readonly number[]>;

/** sd_listen_fds(3): the first descriptor that is passed. */
const firstDescriptor = 3;

/**
 * Reads what socket activation left in the environment; empty when it was meant for another
 * process.
 */
export function systemdSockets(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): SystemdSockets {
  const sockets = new Map<string, number[]>();
  if (environment.LISTEN_PID !== String(pid)) return sockets;
  const count = Number(environment.LISTEN_FDS ?? 0);
  const names = (environment.LISTEN_FDNAMES ?? '').split(':');
  for (let index = 0; index < count; index++) {
    // sd_listen_fds_with_names(3): a socket without a name is called unknown.
    const name = names[index] || 'unknown';
    sockets.set(name, [...(sockets.get(name) ?? []), firstDescriptor + index]);
  }
  return sockets;
}
