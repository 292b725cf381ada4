import { defineConfig } from 'vitest/config';

/** Tests with real servers and apps: they need root and scripts/install-peers. */
export default defineConfig({
  test: {
    include: ['test/peers/**/*.peer.ts'],
    globalSetup: ['test/support/compile-once.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
