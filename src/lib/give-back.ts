/**
 * Collects the garbage of this thread and gives the room back to the system. What a start leaves
 * behind would stay for good in a relay that has little to do: V8 collects when it needs room.
 * Blocks for some tens of ms. Nothing happens where Node runs without --expose-gc, which
 * bin/relayd passes.
 */
export function giveBackMemory(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
