import type { LogLevelReport } from '../control/steering-reports.ts';
import type { EventSink } from '../relay/events.ts';
import type { LogSettings } from '../relay/settings.ts';

export interface LogLevel {
  report(): LogLevelReport;
  /** `default`: that of the configuration. `forMs` null: until the next start. */
  set(level: LogSettings['level'] | 'default', forMs: number | null): LogLevelReport;
  /** Another configuration is in force; a level that was ordered stays. */
  follow(settings: LogSettings): void;
}

/** The level of the log, which an operator may change for a while without touching the file. */
export function openLogLevel(options: {
  readonly settings: LogSettings;
  readonly configure: (settings: LogSettings) => void;
  readonly emit: EventSink;
  readonly clock: () => number;
}): LogLevel {
  const { configure, emit, clock } = options;
  let { settings } = options;
  let ordered: { level: LogSettings['level']; untilMs: number | null } | null = null;
  let timer: NodeJS.Timeout | undefined;

  const report = (): LogLevelReport => ({
    level: ordered?.level ?? settings.level,
    configured: settings.level,
    untilMs: ordered?.untilMs ?? null,
  });
  const apply = (next: typeof ordered): void => {
    clearTimeout(timer);
    ordered = next;
    configure({ ...settings, level: next?.level ?? settings.level });
    const { level, untilMs } = report();
    emit({ is: 'log.level-changed', newLevel: level, untilMs });
  };
  return {
    report,
    set(level, forMs) {
      if (level === 'default') {
        apply(null);
        return report();
      }
      apply({ level, untilMs: forMs === null ? null : clock() + forMs });
      if (forMs !== null) timer = setTimeout(() => apply(null), forMs).unref();
      return report();
    },
    follow(next) {
      settings = next;
      configure({ ...next, level: ordered?.level ?? next.level });
    },
  };
}
