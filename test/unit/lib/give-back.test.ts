import { afterEach, expect, test, vi } from 'vitest';
import { giveBackMemory } from '../../../src/lib/give-back.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

test('asks for the collection that also makes the young generation small again', () => {
  const gc = vi.fn();
  vi.stubGlobal('gc', gc);
  giveBackMemory();
  expect(gc).toHaveBeenCalledExactlyOnceWith({
    type: 'major',
    execution: 'sync',
    flavor: 'last-resort',
  });
});

test('is nothing where Node does not offer it', () => {
  vi.stubGlobal('gc', undefined);
  expect(giveBackMemory).not.toThrow();
});
