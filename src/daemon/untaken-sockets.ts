import type { EventSink } from '../relay/events.ts';
import type { ListenAddress, Settings } from '../relay/settings.ts';
import type { Submission } from '../submission/submission.ts';

/** Clients get through to such a socket and are never answered. */
export function warnOfUntaken(submission: Submission, settings: Settings, emit: EventSink): void {
  const { file, observe, feedback } = settings;
  const named = [observe.listen, feedback?.listen].map((listen) => nameOf(listen ?? null));
  for (const { name, text } of submission.untakenSockets()) {
    if (named.includes(name)) continue;
    const problem =
      `systemd opened ${text} for relayd, but no listener has that address: who connects waits in vain; ` +
      'give relayd.socket the addresses of the listeners, or mask it';
    emit({ is: 'config.warning', file, problem });
  }
}

function nameOf(listen: ListenAddress | null): string | null {
  return listen?.is === 'systemd' ? listen.name : null;
}
