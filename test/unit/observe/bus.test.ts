import { expect, test } from 'vitest';
import { openBus } from '../../../src/observe/bus.ts';
import type { EventSink, RelayEvent } from '../../../src/relay/events.ts';
import { SAMPLES } from './sample-events.ts';

test('every sink gets every event, in order', () => {
  const seen: string[] = [];
  const sinkNamed =
    (name: string): EventSink =>
    (event) =>
      seen.push(`${name} ${event.is}`);
  const { emit, listen } = openBus((error) => {
    throw error;
  });
  listen(sinkNamed('log'));
  listen(sinkNamed('metrics'));
  emit(SAMPLES['message.accepted']);
  emit(SAMPLES['message.completed']);
  expect(seen).toEqual([
    'log message.accepted',
    'metrics message.accepted',
    'log message.completed',
    'metrics message.completed',
  ]);
});

test('a sink that throws is reported once and the others hear of it', () => {
  const seen: RelayEvent['is'][] = [];
  const bug = new Error('cannot count');
  // As the daemon does it: the report is an event too.
  const { emit, listen } = openBus((error) =>
    emit({ is: 'daemon.failed', what: 'event sink', detail: String(error) }),
  );
  listen(() => {
    throw bug;
  });
  listen((event) => seen.push(event.is));
  emit(SAMPLES['message.accepted']);
  emit(SAMPLES['message.completed']);
  expect(seen).toEqual(['daemon.failed', 'message.accepted', 'message.completed']);
});
