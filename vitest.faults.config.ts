import { defineConfig } from 'vitest/config';

/** What must not lose mail, tried for real: some scenarios need root, gcc and strace. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    globalSetup: ['test/support/compile-once.ts', 'test/faults/say-counts.ts'],
    testTimeout: 180_000,
    hookTimeout: 30_000,
    maxWorkers: 3,
  },
});
