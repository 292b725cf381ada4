/** Whether the work ended before the signal. */
export async function endsBefore(work: Promise<void>, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  let onAbort = (): void => {};
  const aborted = new Promise<boolean>((resolve) => {
    onAbort = () => resolve(false);
    signal.addEventListener('abort', onAbort);
  });
  const inTime = await Promise.race([work.then(() => true), aborted]);
  signal.removeEventListener('abort', onAbort);
  return inTime;
}
